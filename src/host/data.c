// The result of a frame, and the three ways in which a contract stops itself with a reason.
#include <stdio.h>

#include "host/functions.h"
#include "host/text.h"

#define RETURN_BUFFER_LEN_MIN 256
_Static_assert(
    (AE_RETURN_DATA_LEN_MAX & (AE_RETURN_DATA_LEN_MAX - 1)) == 0, "doubling meets the limit");

// Give return_data room for `len` bytes, at most the limit. The buffer is used again and grows by
// doubling, so that calling return_data without end does not fill the arena.
static bool make_room(ae_host *host, ae_host_price_id function, size_t len) {
    if (len <= host->return_buffer.len)
        return true;
    size_t capacity = RETURN_BUFFER_LEN_MIN;
    while (capacity < len)
        capacity *= 2;
    uint8_t *data = ae_arena_alloc(host->arena, capacity, 1);
    if (data == NULL) {
        ae_host_exhausted(host, function, capacity);
        return false;
    }
    host->return_buffer = (ae_span){.data = data, .len = capacity};
    return true;
}

static bool keep(ae_host *host, ae_host_price_id function, aether_bytes bytes) {
    if (!make_room(host, function, bytes.len))
        return false;
    if (bytes.len != 0)
        memcpy(host->return_buffer.data, bytes.data, bytes.len);
    host->return_data = ae_bytes(host->return_buffer.data, bytes.len);
    return true;
}

// A run of at most 64 KiB: arguments `index` and the next one.
static bool read_limited(
    ae_host *host, ae_argument argument, const ae_slot *slots, size_t index, aether_bytes *out) {
    const uint32_t len = ae_host_arg(slots, index + 1);
    return ae_host_check_len(host, argument, len, AE_RETURN_DATA_LEN_MAX) &&
           ae_guest_read(host, argument, ae_host_arg(slots, index), len, out);
}

static bool keep_argument(ae_host *host, const ae_slot *slots, ae_host_price_id function) {
    aether_bytes bytes;
    return ae_host_charge_in(host, function, ae_host_arg(slots, 1)) &&
           read_limited(host, (ae_argument){function, "ptr"}, slots, 0, &bytes) &&
           keep(host, function, bytes);
}

ae_host_flow ae_host_return_data(ae_host *host, ae_slot *slots) {
    return keep_argument(host, slots, AE_HOST_PRICE_return_data) ? AE_HOST_CONTINUE : AE_HOST_STOP;
}

ae_host_flow ae_host_revert(ae_host *host, ae_slot *slots) {
    if (keep_argument(host, slots, AE_HOST_PRICE_revert))
        host->end = AETHER_END_REVERT;
    return AE_HOST_STOP;
}

// Where a panic was: both numbers as the contract gave them; column 0 is not shown.
typedef struct place {
    aether_bytes file; // UTF-8, or so it says
    uint32_t line;
    uint32_t column;
} place;

#define FILE_SHOWN_MAX 64 // bytes; of a longer path the end says more

// " at file:line:column", or nothing without a file. `out` has 128 bytes.
static void print_place(place where, char *out) {
    char shown[96];
    ae_text file = {.data = shown, .capacity = sizeof shown - 1};
    out[0] = '\0';
    if (where.file.len == 0)
        return;
    if (where.file.len > FILE_SHOWN_MAX) {
        ae_text_escape(&file, ae_bytes_of("..."));
        where.file.data += where.file.len - FILE_SHOWN_MAX;
        where.file.len = FILE_SHOWN_MAX;
        while (where.file.len != 0 && (where.file.data[0] & 0xc0) == 0x80) { // not amid a character
            where.file.data++;
            where.file.len--;
        }
    }
    ae_text_escape(&file, where.file);
    shown[file.len] = '\0';
    if (where.column != 0)
        snprintf(out, 128, " at %s:%u:%u", shown, where.line, where.column);
    else
        snprintf(out, 128, " at %s:%u", shown, where.line);
}

// End the frame as PANIC. The place is always shown whole; a message that leaves no room for it is
// cut.
static ae_host_flow panic_with(ae_host *host, aether_bytes message, place where) {
    static const char cut_mark[] = "...";
    char at[128];
    print_place(where, at);
    const char *suffix = message.len != 0 || at[0] == '\0' ? at : at + 1;
    const size_t reserved = strlen(suffix) + sizeof cut_mark; // with the NUL
    ae_text text = {.data = host->message, .capacity = sizeof host->message - reserved};
    ae_text_escape(&text, message);
    snprintf(host->message + text.len, sizeof host->message - text.len, "%s%s",
        text.is_cut ? cut_mark : "", suffix);
    host->end = AETHER_END_PANIC;
    return AE_HOST_STOP;
}

ae_host_flow ae_host_panic(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_panic;
    const uint64_t bytes_in = (uint64_t)ae_host_arg(slots, 1) + ae_host_arg(slots, 3);
    aether_bytes message, file;
    if (!ae_host_charge_in(host, function, bytes_in) ||
        !read_limited(host, (ae_argument){function, "msg"}, slots, 0, &message) ||
        !read_limited(host, (ae_argument){function, "file"}, slots, 2, &file) ||
        !keep(host, function, message))
        return AE_HOST_STOP;
    return panic_with(host, message, (place){.file = file, .line = ae_host_arg(slots, 4)});
}

#define STRING_HEADER_LEN 4 // the u32 before an AssemblyScript string: its length in bytes

// The length of a string object; the null pointer is the empty string.
static bool read_string_len(ae_host *host, ae_argument argument, uint32_t ptr, uint32_t *out_len) {
    *out_len = 0;
    if (ptr == 0)
        return true;
    if (ptr < STRING_HEADER_LEN) {
        ae_host_refuse(host, argument, "pointer %u leaves no room for the length before it", ptr);
        return false;
    }
    aether_bytes header;
    if (!ae_guest_read(host, argument, ptr - STRING_HEADER_LEN, STRING_HEADER_LEN, &header))
        return false;
    *out_len = ae_get_u32_le(header.data);
    return true;
}

// The UTF-16 of a string object; out_utf8_len is what it takes as UTF-8, at most 64 KiB.
static bool read_string(ae_host *host, ae_argument argument, uint32_t ptr, uint32_t len,
    aether_bytes *out_units, size_t *out_utf8_len) {
    if (len % 2 != 0) {
        ae_host_refuse(host, argument, "%u bytes are not UTF-16", len);
        return false;
    }
    // Two bytes of UTF-16 give one of UTF-8 at least: what is longer can't fit, and is not
    // converted.
    if (!ae_host_check_len(host, argument, len, 2 * AE_RETURN_DATA_LEN_MAX) ||
        !ae_guest_read(host, argument, ptr, len, out_units))
        return false;
    *out_utf8_len = ae_text_from_utf16(*out_units, NULL);
    return ae_host_check_len(host, argument, (uint32_t)*out_utf8_len, AE_RETURN_DATA_LEN_MAX);
}

ae_host_flow ae_host_abort(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_abort;
    const ae_argument message_argument = {function, "msg"}, file_argument = {function, "file"};
    const uint32_t message_ptr = ae_host_arg(slots, 0), file_ptr = ae_host_arg(slots, 1);
    uint32_t message_units_len = 0, file_units_len = 0;
    if (!ae_host_charge_in(host, function, 0) ||
        !read_string_len(host, message_argument, message_ptr, &message_units_len) ||
        !read_string_len(host, file_argument, file_ptr, &file_units_len))
        return AE_HOST_STOP;
    const uint64_t bytes_in = (uint64_t)message_units_len + file_units_len;
    const uint64_t rate = host->schedule->host[function].in_rate;
    aether_bytes message_units, file_units;
    size_t message_len = 0, file_len = 0;
    if (!ae_host_charge(host, ae_mul_u64_saturating(rate, bytes_in)) ||
        !read_string(
            host, message_argument, message_ptr, message_units_len, &message_units, &message_len) ||
        !read_string(host, file_argument, file_ptr, file_units_len, &file_units, &file_len) ||
        !make_room(host, function, message_len))
        return AE_HOST_STOP;
    uint8_t *file = ae_arena_alloc(host->arena, file_len, 1);
    if (file == NULL)
        return ae_host_exhausted(host, function, file_len);
    ae_text_from_utf16(message_units, host->return_buffer.data);
    ae_text_from_utf16(file_units, file);
    host->return_data = ae_bytes(host->return_buffer.data, message_len);
    const place where = {.file = ae_bytes(file, file_len),
        .line = ae_host_arg(slots, 2),
        .column = ae_host_arg(slots, 3)};
    return panic_with(host, host->return_data, where);
}
