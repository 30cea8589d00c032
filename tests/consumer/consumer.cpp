// The headers from C++17: versions agree, and a refused module says why.
#include <aether/aether.h>

#include <cstdio>
#include <cstring>

int main() {
    if (std::strcmp(aether_version(), AETHER_VERSION_STRING) != 0) {
        std::fprintf(stderr, "library %s, headers %s\n", aether_version(), AETHER_VERSION_STRING);
        return 1;
    }
    const uint8_t bytes[] = {0x00, 0x61, 0x73, 0x6d, 0x09, 0x00, 0x00, 0x00};
    aether_error err = {};
    const aether_status status = aether_contract_validate({bytes, sizeof bytes}, &err);
    std::printf("%s: %s\n", aether_status_name(status), err.message);
    return status == AETHER_MALFORMED_MODULE && err.message[0] != '\0' ? 0 : 1;
}
