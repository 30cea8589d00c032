/* x */
#include "keeper.h"
TEST_MAIN({0})
