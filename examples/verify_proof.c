/* Check a proof without a node, a database or an engine.
 *
 *   cc -std=c17 verify_proof.c $(pkg-config --cflags --libs aether-proof) -o verify_proof
 *   ./verify_proof ROOT ADDRESS KEY VALUE PROOF
 *
 * All are hex. KEY `-`: the record of the address; VALUE `-`: nothing is there, `""`: the empty value. Exits with 0
 * when it was shown, with 1 when it was not, with 2 when it was called wrongly. */
#include <aether/proof.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define VALUE_LEN_MAX 65536 /* of a contract's storage */

static int digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

// Bytes of a hex text into `out`; `-` are none.
static bool read_hex(const char *text, uint8_t *out, size_t capacity, aether_bytes *out_bytes) {
    const size_t len = strcmp(text, "-") == 0 ? 0 : strlen(text);
    *out_bytes = (aether_bytes){.data = out, .len = len / 2};
    if (len % 2 != 0 || len / 2 > capacity)
        return false;
    for (size_t i = 0; i < len / 2; i++) {
        const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(16 * high + low);
    }
    return true;
}

int main(int argc, char **argv) {
    static uint8_t key_bytes[256], value_bytes[VALUE_LEN_MAX], proof_bytes[AETHER_PROOF_LEN_MAX];
    aether_hash root;
    aether_address address;
    aether_bytes root_view, address_view, key, value, proof;
    aether_error err;

    if (argc != 6 || !read_hex(argv[1], root.bytes, sizeof root.bytes, &root_view) ||
        !read_hex(argv[2], address.bytes, sizeof address.bytes, &address_view) ||
        !read_hex(argv[3], key_bytes, sizeof key_bytes, &key) ||
        !read_hex(argv[4], value_bytes, sizeof value_bytes, &value) ||
        !read_hex(argv[5], proof_bytes, sizeof proof_bytes, &proof) ||
        root_view.len != AETHER_HASH_LEN || address_view.len != AETHER_ADDRESS_LEN) {
        fputs("usage: verify_proof ROOT ADDRESS KEY VALUE PROOF, in hex\n", stderr);
        return 2;
    }
    const bool is_absent = strcmp(argv[4], "-") == 0;
    const aether_status status =
        aether_proof_verify(&root, &address, key, is_absent ? NULL : &value, proof, &err);
    if (status != AETHER_OK) {
        fprintf(stderr, "verify_proof: %s: %s\n", aether_status_text(status), err.message);
        return 1;
    }
    puts(is_absent ? "shown: nothing is there" : "shown: the value is there");
    return 0;
}
