#include <aether/version.h>

const char *aether_version(void) {
    return AETHER_VERSION_STRING;
}
