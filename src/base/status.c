#include <aether/status.h>

const char *aether_status_name(aether_status status) {
    switch (status) {
#define STATUS_NAME(name, number, text) \
    case AETHER_##name:                 \
        return #name;
        AETHER_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "UNKNOWN";
}

const char *aether_status_text(aether_status status) {
    switch (status) {
#define STATUS_TEXT(name, number, text) \
    case AETHER_##name:                 \
        return text;
        AETHER_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}
