#include "oracle/numeric.h"

#include "harness/test.h"

#include <math.h>

#define F32_NAN UINT32_C(0x7fc00000)
#define F64_NAN UINT64_C(0x7ff8000000000000)
#define F32_SIGN UINT32_C(0x80000000)
#define F64_SIGN UINT64_C(0x8000000000000000)

static _Noreturn void unknown(ae_opcode opcode) {
    test_fail(__FILE__, __LINE__, "opcode %d is not of this kind", (int)opcode);
}

static aether_end give(uint64_t *out, uint64_t value) {
    *out = value;
    return AETHER_END_RETURNED;
}

static float f32_of(uint64_t bits) {
    const uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

static double f64_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// A computed float: every NaN becomes the one.
static aether_end give_f32(uint64_t *out, float value) {
    uint32_t bits = F32_NAN;
    if (!isnan(value))
        memcpy(&bits, &value, sizeof bits);
    return give(out, bits);
}

static aether_end give_f64(uint64_t *out, double value) {
    uint64_t bits = F64_NAN;
    if (!isnan(value))
        memcpy(&bits, &value, sizeof bits);
    return give(out, bits);
}

static aether_end compare_i32(ae_opcode opcode, uint64_t a64, uint64_t b64, uint64_t *out) {
    const uint32_t a = (uint32_t)a64, b = (uint32_t)b64;
    const int32_t sa = (int32_t)a, sb = (int32_t)b;
    switch (opcode) {
    case AE_OP_i32_eqz:
        return give(out, a == 0);
    case AE_OP_i32_eq:
        return give(out, a == b);
    case AE_OP_i32_ne:
        return give(out, a != b);
    case AE_OP_i32_lt_s:
        return give(out, sa < sb);
    case AE_OP_i32_lt_u:
        return give(out, a < b);
    case AE_OP_i32_gt_s:
        return give(out, sa > sb);
    case AE_OP_i32_gt_u:
        return give(out, a > b);
    case AE_OP_i32_le_s:
        return give(out, sa <= sb);
    case AE_OP_i32_le_u:
        return give(out, a <= b);
    case AE_OP_i32_ge_s:
        return give(out, sa >= sb);
    case AE_OP_i32_ge_u:
        return give(out, a >= b);
    default:
        unknown(opcode);
    }
}

static aether_end compare_i64(ae_opcode opcode, uint64_t a, uint64_t b, uint64_t *out) {
    const int64_t sa = (int64_t)a, sb = (int64_t)b;
    switch (opcode) {
    case AE_OP_i64_eqz:
        return give(out, a == 0);
    case AE_OP_i64_eq:
        return give(out, a == b);
    case AE_OP_i64_ne:
        return give(out, a != b);
    case AE_OP_i64_lt_s:
        return give(out, sa < sb);
    case AE_OP_i64_lt_u:
        return give(out, a < b);
    case AE_OP_i64_gt_s:
        return give(out, sa > sb);
    case AE_OP_i64_gt_u:
        return give(out, a > b);
    case AE_OP_i64_le_s:
        return give(out, sa <= sb);
    case AE_OP_i64_le_u:
        return give(out, a <= b);
    case AE_OP_i64_ge_s:
        return give(out, sa >= sb);
    case AE_OP_i64_ge_u:
        return give(out, a >= b);
    default:
        unknown(opcode);
    }
}

// Bit by bit, so that nothing of the machine's own counting instructions is trusted.
static uint32_t count_leading_zeros(uint64_t value, uint32_t width) {
    uint32_t count = 0;
    while (count < width && (value >> (width - 1 - count) & 1) == 0)
        count++;
    return count;
}

static uint32_t count_trailing_zeros(uint64_t value, uint32_t width) {
    uint32_t count = 0;
    while (count < width && (value >> count & 1) == 0)
        count++;
    return count;
}

static uint32_t count_ones(uint64_t value) {
    uint32_t count = 0;
    for (; value != 0; value >>= 1)
        count += value & 1;
    return count;
}

// The low `bits` bits as a signed number.
static int64_t sign_extend(uint64_t value, uint32_t bits) {
    const uint64_t sign = UINT64_C(1) << (bits - 1);
    const uint64_t low = value & (sign | (sign - 1));
    return (int64_t)((low ^ sign) - sign);
}

static aether_end unary_i32(ae_opcode opcode, uint64_t a, uint64_t b, uint64_t *out) {
    (void)b;
    switch (opcode) {
    case AE_OP_i32_clz:
        return give(out, count_leading_zeros(a, 32));
    case AE_OP_i32_ctz:
        return give(out, count_trailing_zeros(a, 32));
    case AE_OP_i32_popcnt:
        return give(out, count_ones(a));
    case AE_OP_i32_extend8_s:
        return give(out, (uint32_t)sign_extend(a, 8));
    case AE_OP_i32_extend16_s:
        return give(out, (uint32_t)sign_extend(a, 16));
    default:
        unknown(opcode);
    }
}

static aether_end unary_i64(ae_opcode opcode, uint64_t a, uint64_t b, uint64_t *out) {
    (void)b;
    switch (opcode) {
    case AE_OP_i64_clz:
        return give(out, count_leading_zeros(a, 64));
    case AE_OP_i64_ctz:
        return give(out, count_trailing_zeros(a, 64));
    case AE_OP_i64_popcnt:
        return give(out, count_ones(a));
    case AE_OP_i64_extend8_s:
        return give(out, (uint64_t)sign_extend(a, 8));
    case AE_OP_i64_extend16_s:
        return give(out, (uint64_t)sign_extend(a, 16));
    case AE_OP_i64_extend32_s:
        return give(out, (uint64_t)sign_extend(a, 32));
    default:
        unknown(opcode);
    }
}

static aether_end divide_i32(ae_opcode opcode, uint64_t a64, uint64_t b64, uint64_t *out) {
    const uint32_t a = (uint32_t)a64, b = (uint32_t)b64;
    if (b == 0)
        return AETHER_END_INTEGER_DIVIDE_BY_ZERO;
    const bool overflows = (int32_t)a == INT32_MIN && (int32_t)b == -1;
    switch (opcode) {
    case AE_OP_i32_div_s:
        if (overflows)
            return AETHER_END_INTEGER_OVERFLOW;
        return give(out, (uint32_t)((int32_t)a / (int32_t)b));
    case AE_OP_i32_div_u:
        return give(out, a / b);
    case AE_OP_i32_rem_s:
        return give(out, overflows ? 0 : (uint32_t)((int32_t)a % (int32_t)b));
    case AE_OP_i32_rem_u:
        return give(out, a % b);
    default:
        unknown(opcode);
    }
}

static aether_end divide_i64(ae_opcode opcode, uint64_t a, uint64_t b, uint64_t *out) {
    if (b == 0)
        return AETHER_END_INTEGER_DIVIDE_BY_ZERO;
    const bool overflows = (int64_t)a == INT64_MIN && (int64_t)b == -1;
    switch (opcode) {
    case AE_OP_i64_div_s:
        if (overflows)
            return AETHER_END_INTEGER_OVERFLOW;
        return give(out, (uint64_t)((int64_t)a / (int64_t)b));
    case AE_OP_i64_div_u:
        return give(out, a / b);
    case AE_OP_i64_rem_s:
        return give(out, overflows ? 0 : (uint64_t)((int64_t)a % (int64_t)b));
    case AE_OP_i64_rem_u:
        return give(out, a % b);
    default:
        unknown(opcode);
    }
}

static aether_end binary_i32(ae_opcode opcode, uint64_t a64, uint64_t b64, uint64_t *out) {
    const uint32_t a = (uint32_t)a64, b = (uint32_t)b64, shift = b % 32;
    switch (opcode) {
    case AE_OP_i32_add:
        return give(out, a + b);
    case AE_OP_i32_sub:
        return give(out, a - b);
    case AE_OP_i32_mul:
        return give(out, a * b);
    case AE_OP_i32_and:
        return give(out, a & b);
    case AE_OP_i32_or:
        return give(out, a | b);
    case AE_OP_i32_xor:
        return give(out, a ^ b);
    case AE_OP_i32_shl:
        return give(out, a << shift);
    case AE_OP_i32_shr_s:
        return give(out, (uint32_t)((int32_t)a >> shift));
    case AE_OP_i32_shr_u:
        return give(out, a >> shift);
    case AE_OP_i32_rotl:
        return give(out, shift == 0 ? a : a << shift | a >> (32 - shift));
    case AE_OP_i32_rotr:
        return give(out, shift == 0 ? a : a >> shift | a << (32 - shift));
    default:
        return divide_i32(opcode, a64, b64, out);
    }
}

static aether_end binary_i64(ae_opcode opcode, uint64_t a, uint64_t b, uint64_t *out) {
    const uint32_t shift = b % 64;
    switch (opcode) {
    case AE_OP_i64_add:
        return give(out, a + b);
    case AE_OP_i64_sub:
        return give(out, a - b);
    case AE_OP_i64_mul:
        return give(out, a * b);
    case AE_OP_i64_and:
        return give(out, a & b);
    case AE_OP_i64_or:
        return give(out, a | b);
    case AE_OP_i64_xor:
        return give(out, a ^ b);
    case AE_OP_i64_shl:
        return give(out, a << shift);
    case AE_OP_i64_shr_s:
        return give(out, (uint64_t)((int64_t)a >> shift));
    case AE_OP_i64_shr_u:
        return give(out, a >> shift);
    case AE_OP_i64_rotl:
        return give(out, shift == 0 ? a : a << shift | a >> (64 - shift));
    case AE_OP_i64_rotr:
        return give(out, shift == 0 ? a : a >> shift | a << (64 - shift));
    default:
        return divide_i64(opcode, a, b, out);
    }
}

static aether_end compare_f32(ae_opcode opcode, uint64_t a64, uint64_t b64, uint64_t *out) {
    const float a = f32_of(a64), b = f32_of(b64);
    switch (opcode) {
    case AE_OP_f32_eq:
        return give(out, a == b);
    case AE_OP_f32_ne:
        return give(out, a != b);
    case AE_OP_f32_lt:
        return give(out, a < b);
    case AE_OP_f32_gt:
        return give(out, a > b);
    case AE_OP_f32_le:
        return give(out, a <= b);
    case AE_OP_f32_ge:
        return give(out, a >= b);
    default:
        unknown(opcode);
    }
}

static aether_end compare_f64(ae_opcode opcode, uint64_t a64, uint64_t b64, uint64_t *out) {
    const double a = f64_of(a64), b = f64_of(b64);
    switch (opcode) {
    case AE_OP_f64_eq:
        return give(out, a == b);
    case AE_OP_f64_ne:
        return give(out, a != b);
    case AE_OP_f64_lt:
        return give(out, a < b);
    case AE_OP_f64_gt:
        return give(out, a > b);
    case AE_OP_f64_le:
        return give(out, a <= b);
    case AE_OP_f64_ge:
        return give(out, a >= b);
    default:
        unknown(opcode);
    }
}

// A zero's sign decides where both are zero: the smaller of 0 and -0 is -0.
static aether_end choose_f32(bool smaller, uint64_t a64, uint64_t b64, uint64_t *out) {
    const float a = f32_of(a64), b = f32_of(b64);
    if (isnan(a) || isnan(b))
        return give(out, F32_NAN);
    if (a == b)
        return give(out, smaller ? a64 | b64 : a64 & b64);
    return give(out, (a < b) == smaller ? a64 : b64);
}

static aether_end choose_f64(bool smaller, uint64_t a64, uint64_t b64, uint64_t *out) {
    const double a = f64_of(a64), b = f64_of(b64);
    if (isnan(a) || isnan(b))
        return give(out, F64_NAN);
    if (a == b)
        return give(out, smaller ? a64 | b64 : a64 & b64);
    return give(out, (a < b) == smaller ? a64 : b64);
}

static aether_end compute_f32(ae_opcode opcode, uint64_t a64, uint64_t b64, uint64_t *out) {
    const float a = f32_of(a64), b = f32_of(b64);
    switch (opcode) {
    case AE_OP_f32_abs:
        return give(out, a64 & ~(uint64_t)F32_SIGN);
    case AE_OP_f32_neg:
        return give(out, a64 ^ F32_SIGN);
    case AE_OP_f32_copysign:
        return give(out, (a64 & ~(uint64_t)F32_SIGN) | (b64 & F32_SIGN));
    case AE_OP_f32_ceil:
        return give_f32(out, ceilf(a));
    case AE_OP_f32_floor:
        return give_f32(out, floorf(a));
    case AE_OP_f32_trunc:
        return give_f32(out, truncf(a));
    case AE_OP_f32_nearest:
        return give_f32(out, nearbyintf(a)); // to even, the rounding that C starts with
    case AE_OP_f32_sqrt:
        return give_f32(out, sqrtf(a));
    case AE_OP_f32_add:
        return give_f32(out, a + b);
    case AE_OP_f32_sub:
        return give_f32(out, a - b);
    case AE_OP_f32_mul:
        return give_f32(out, a * b);
    case AE_OP_f32_div:
        return give_f32(out, a / b);
    case AE_OP_f32_min:
        return choose_f32(true, a64, b64, out);
    case AE_OP_f32_max:
        return choose_f32(false, a64, b64, out);
    default:
        unknown(opcode);
    }
}

static aether_end compute_f64(ae_opcode opcode, uint64_t a64, uint64_t b64, uint64_t *out) {
    const double a = f64_of(a64), b = f64_of(b64);
    switch (opcode) {
    case AE_OP_f64_abs:
        return give(out, a64 & ~F64_SIGN);
    case AE_OP_f64_neg:
        return give(out, a64 ^ F64_SIGN);
    case AE_OP_f64_copysign:
        return give(out, (a64 & ~F64_SIGN) | (b64 & F64_SIGN));
    case AE_OP_f64_ceil:
        return give_f64(out, ceil(a));
    case AE_OP_f64_floor:
        return give_f64(out, floor(a));
    case AE_OP_f64_trunc:
        return give_f64(out, trunc(a));
    case AE_OP_f64_nearest:
        return give_f64(out, nearbyint(a));
    case AE_OP_f64_sqrt:
        return give_f64(out, sqrt(a));
    case AE_OP_f64_add:
        return give_f64(out, a + b);
    case AE_OP_f64_sub:
        return give_f64(out, a - b);
    case AE_OP_f64_mul:
        return give_f64(out, a * b);
    case AE_OP_f64_div:
        return give_f64(out, a / b);
    case AE_OP_f64_min:
        return choose_f64(true, a64, b64, out);
    case AE_OP_f64_max:
        return choose_f64(false, a64, b64, out);
    default:
        unknown(opcode);
    }
}

// What a float may be to become this integer: strictly between two doubles.
typedef struct integer_kind {
    bool is_signed;
    bool is_32;
    double below;
    double above;
} integer_kind;

static const integer_kind kind_i32_s = {true, true, -2147483649.0, 2147483648.0};
static const integer_kind kind_i32_u = {false, true, -1.0, 4294967296.0};
static const integer_kind kind_i64_s = {
    true, false, -9223372036854777856.0, 9223372036854775808.0}; // the double before -2^63
static const integer_kind kind_i64_u = {false, false, -1.0, 18446744073709551616.0};

static uint64_t convert(integer_kind kind, double value) {
    const uint64_t whole = kind.is_signed ? (uint64_t)(int64_t)value : (uint64_t)value;
    return kind.is_32 ? (uint32_t)whole : whole;
}

static aether_end truncate(integer_kind kind, double value, uint64_t *out) {
    if (isnan(value))
        return AETHER_END_BAD_CONVERSION;
    if (value <= kind.below || value >= kind.above)
        return AETHER_END_INTEGER_OVERFLOW;
    return give(out, convert(kind, trunc(value)));
}

static aether_end saturate(integer_kind kind, double value, uint64_t *out) {
    const uint64_t sign = kind.is_32 ? UINT64_C(1) << 31 : UINT64_C(1) << 63;
    const uint64_t ones = sign | (sign - 1);
    if (isnan(value))
        return give(out, 0);
    if (value <= kind.below)
        return give(out, kind.is_signed ? sign : 0);
    if (value >= kind.above)
        return give(out, kind.is_signed ? ones ^ sign : ones);
    return give(out, convert(kind, trunc(value)));
}

// An f32 is an f64 exactly, so one way serves both.
static aether_end float_to_integer(ae_opcode opcode, uint64_t a, uint64_t b, uint64_t *out) {
    (void)b;
    switch (opcode) {
    case AE_OP_i32_trunc_f32_s:
        return truncate(kind_i32_s, f32_of(a), out);
    case AE_OP_i32_trunc_f32_u:
        return truncate(kind_i32_u, f32_of(a), out);
    case AE_OP_i32_trunc_f64_s:
        return truncate(kind_i32_s, f64_of(a), out);
    case AE_OP_i32_trunc_f64_u:
        return truncate(kind_i32_u, f64_of(a), out);
    case AE_OP_i64_trunc_f32_s:
        return truncate(kind_i64_s, f32_of(a), out);
    case AE_OP_i64_trunc_f32_u:
        return truncate(kind_i64_u, f32_of(a), out);
    case AE_OP_i64_trunc_f64_s:
        return truncate(kind_i64_s, f64_of(a), out);
    case AE_OP_i64_trunc_f64_u:
        return truncate(kind_i64_u, f64_of(a), out);
    case AE_OP_i32_trunc_sat_f32_s:
        return saturate(kind_i32_s, f32_of(a), out);
    case AE_OP_i32_trunc_sat_f32_u:
        return saturate(kind_i32_u, f32_of(a), out);
    case AE_OP_i32_trunc_sat_f64_s:
        return saturate(kind_i32_s, f64_of(a), out);
    case AE_OP_i32_trunc_sat_f64_u:
        return saturate(kind_i32_u, f64_of(a), out);
    case AE_OP_i64_trunc_sat_f32_s:
        return saturate(kind_i64_s, f32_of(a), out);
    case AE_OP_i64_trunc_sat_f32_u:
        return saturate(kind_i64_u, f32_of(a), out);
    case AE_OP_i64_trunc_sat_f64_s:
        return saturate(kind_i64_s, f64_of(a), out);
    case AE_OP_i64_trunc_sat_f64_u:
        return saturate(kind_i64_u, f64_of(a), out);
    default:
        unknown(opcode);
    }
}

static aether_end convert_other(ae_opcode opcode, uint64_t a, uint64_t b, uint64_t *out) {
    (void)b;
    const uint32_t low = (uint32_t)a;
    switch (opcode) {
    case AE_OP_i32_wrap_i64:
    case AE_OP_i64_extend_i32_u:
        return give(out, low);
    case AE_OP_i64_extend_i32_s:
        return give(out, (uint64_t)sign_extend(a, 32));
    case AE_OP_f32_convert_i32_s:
        return give_f32(out, (float)(int32_t)low);
    case AE_OP_f32_convert_i32_u:
        return give_f32(out, (float)low);
    case AE_OP_f32_convert_i64_s:
        return give_f32(out, (float)(int64_t)a);
    case AE_OP_f32_convert_i64_u:
        return give_f32(out, (float)a);
    case AE_OP_f64_convert_i32_s:
        return give_f64(out, (double)(int32_t)low);
    case AE_OP_f64_convert_i32_u:
        return give_f64(out, (double)low);
    case AE_OP_f64_convert_i64_s:
        return give_f64(out, (double)(int64_t)a);
    case AE_OP_f64_convert_i64_u:
        return give_f64(out, (double)a);
    case AE_OP_f32_demote_f64:
        return give_f32(out, (float)f64_of(a));
    case AE_OP_f64_promote_f32:
        return give_f64(out, (double)f32_of(a));
    case AE_OP_i32_reinterpret_f32:
    case AE_OP_i64_reinterpret_f64:
    case AE_OP_f32_reinterpret_i32:
    case AE_OP_f64_reinterpret_i64:
        return give(out, a);
    default:
        unknown(opcode);
    }
}

static bool is_between(ae_opcode opcode, ae_opcode first, ae_opcode last) {
    return opcode >= first && opcode <= last;
}

static bool is_float_to_integer(ae_opcode opcode) {
    return is_between(opcode, AE_OP_i32_trunc_f32_s, AE_OP_i32_trunc_f64_u) ||
           is_between(opcode, AE_OP_i64_trunc_f32_s, AE_OP_i64_trunc_f64_u) ||
           is_between(opcode, AE_OP_i32_trunc_sat_f32_s, AE_OP_i64_trunc_sat_f64_u);
}

// By the order of wasm/opcodes.def.
numeric_function *numeric_of(ae_opcode opcode) {
    if (is_between(opcode, AE_OP_i32_eqz, AE_OP_i32_ge_u))
        return compare_i32;
    if (is_between(opcode, AE_OP_i64_eqz, AE_OP_i64_ge_u))
        return compare_i64;
    if (is_between(opcode, AE_OP_i32_clz, AE_OP_i32_popcnt) ||
        is_between(opcode, AE_OP_i32_extend8_s, AE_OP_i32_extend16_s))
        return unary_i32;
    if (is_between(opcode, AE_OP_i64_clz, AE_OP_i64_popcnt) ||
        is_between(opcode, AE_OP_i64_extend8_s, AE_OP_i64_extend32_s))
        return unary_i64;
    if (is_between(opcode, AE_OP_i32_add, AE_OP_i32_rotr))
        return binary_i32;
    if (is_between(opcode, AE_OP_i64_add, AE_OP_i64_rotr))
        return binary_i64;
    if (is_between(opcode, AE_OP_f32_eq, AE_OP_f32_ge))
        return compare_f32;
    if (is_between(opcode, AE_OP_f64_eq, AE_OP_f64_ge))
        return compare_f64;
    if (is_between(opcode, AE_OP_f32_abs, AE_OP_f32_copysign))
        return compute_f32;
    if (is_between(opcode, AE_OP_f64_abs, AE_OP_f64_copysign))
        return compute_f64;
    if (is_float_to_integer(opcode))
        return float_to_integer;
    if (is_between(opcode, AE_OP_i32_wrap_i64, AE_OP_f64_reinterpret_i64))
        return convert_other;
    return NULL;
}
