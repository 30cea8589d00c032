#include "local.h"

#include <sodium.h>

#include "crash.h"
#include "home.h"

aether_status cli_local_check(const char *home, aether_error *err) {
    if (cli_home_has_chain(home))
        return AETHER_OK;
    return cli_fail(err, AETHER_INVALID_ARGUMENT,
        "no chain is in %.120s; 'aether init' makes one, --home names another folder",
        cli_quote(home).text);
}

aether_status cli_local_open_database(
    const char *home, cli_access access, cli_local *out_local, aether_error *err) {
    *out_local = (cli_local){0};
    const aether_status found = cli_local_check(home, err);
    if (found != AETHER_OK)
        return found;
    cli_crash_watch(home);
    cli_text path = cli_home_path(home, "chain");
    const aether_database_options options = {
        .struct_size = sizeof options, .must_exist = true, .is_read_only = access == CLI_READ};
    const aether_status status =
        aether_database_open(path.data, &options, &out_local->database, err);
    cli_text_deinit(&path);
    if (status == AETHER_OK)
        out_local->store = aether_database_store(out_local->database);
    return status;
}

static aether_status create_engine(
    const char *home, aether_schedule schedule, aether_engine **out, aether_error *err) {
    uint8_t key[32];
    cli_text cache = cli_home_path(home, "cache");
    const aether_protocol protocol = {sizeof protocol, AETHER_PROTOCOL_VERSION, schedule};
    aether_engine_options options = {.struct_size = sizeof options, .protocol = &protocol};
    if (cli_home_cache_key(home, key)) {
        options.cache_path = cache.data;
        options.cache_key = key;
    }
    const aether_status status = aether_engine_create(&options, out, err);
    sodium_memzero(key, sizeof key);
    cli_text_deinit(&cache);
    return status;
}

static aether_status open_chain(
    const char *home, aether_schedule schedule, cli_local *local, aether_error *err) {
    // A local chain keeps everything, so that any block can be taken back and run again.
    const aether_chain_options options = {
        .struct_size = sizeof options, .undo_blocks_max = UINT64_MAX};
    aether_status status = create_engine(home, schedule, &local->engine, err);
    if (status == AETHER_OK)
        status = aether_chain_open(local->engine, &local->store, &options, &local->chain, err);
    if (status == AETHER_OK)
        return AETHER_OK;
    aether_engine_destroy(local->engine);
    local->engine = NULL;
    return status;
}

aether_status cli_local_open(
    const char *home, cli_access access, cli_local *out_local, aether_error *err) {
    aether_status status = cli_local_open_database(home, access, out_local, err);
    if (status == AETHER_OK)
        status = open_chain(home, AETHER_SCHEDULE_V1, out_local, err);
    // The schedule is in the chain, which takes an engine to open: the other one is for tests.
    if (status == AETHER_INVALID_ARGUMENT && out_local->database != NULL)
        status = open_chain(home, AETHER_SCHEDULE_UNIT, out_local, err);
    if (status == AETHER_OK)
        aether_chain_get_head(out_local->chain, &out_local->head);
    else
        cli_local_close(out_local);
    return status;
}

void cli_local_close(cli_local *local) {
    aether_chain_close(local->chain);
    aether_engine_destroy(local->engine);
    aether_database_close(local->database);
    *local = (cli_local){0};
}
