#include "base/bytes.h"

// Length of the sequence that a lead byte starts, 0 if it can't start one.
static size_t sequence_len(uint8_t lead) {
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

// The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
static bool second_is_valid(uint8_t lead, uint8_t second) {
    switch (lead) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return second >= 0x80 && second <= 0xbf;
    }
}

bool ae_utf8_is_valid(aether_bytes text) {
    size_t at = 0;
    while (at < text.len) {
        const size_t len = sequence_len(text.data[at]);
        if (len == 0 || len > text.len - at)
            return false;
        if (len > 1 && !second_is_valid(text.data[at], text.data[at + 1]))
            return false;
        for (size_t i = 2; i < len; i++)
            if ((text.data[at + i] & 0xc0) != 0x80)
                return false;
        at += len;
    }
    return true;
}
