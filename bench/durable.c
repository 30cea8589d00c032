// The one place outside of the store that knows what a database is made of.
#include "durable.h"
#include "measure.h"

#include "store/database.h"

bool bench_set_durable(aether_database *database, bool is_durable) {
    return mdb_env_set_flags(database->state.native, MDB_NOSYNC, !is_durable) == 0 ||
           bench_fail("database: it can't be told whether to wait for the disk");
}
