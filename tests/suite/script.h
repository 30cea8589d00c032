/* The official test suite as lines of text: what the program in third_party/wasm-suite writes, whose head comment is
 * the format.
 *
 * Life: script_open → script_next … → script_close. Whatever is not in the format fails the test. */
#ifndef AE_TESTS_SUITE_SCRIPT_H
#define AE_TESTS_SUITE_SCRIPT_H

#include <aether/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_WORDS_MAX 64
#define SCRIPT_VALUES_MAX 32

typedef struct script {
    char *text; /* owned; cut into words as it is read */
    char *at;
} script;

/* One directive, cut into words. */
typedef struct script_line {
    const char *words[SCRIPT_WORDS_MAX];
    size_t count;
} script_line;

typedef enum script_pattern {
    SCRIPT_BITS,
    SCRIPT_CANONICAL,  /* any canonical NaN */
    SCRIPT_ARITHMETIC, /* any NaN whose payload has its highest bit set */
} script_pattern;

typedef struct script_value {
    uint8_t type; /* ae_valtype; 0: a vector or a reference */
    script_pattern pattern;
    uint64_t bits;
} script_value;

typedef struct script_values {
    script_value values[SCRIPT_VALUES_MAX];
    size_t count;
} script_values;

/* A file of the set "v1" or "v2"; where they lie, AE_SUITE_DIR, is told by CMake. */
script script_open(const char *set, const char *stem);
void script_close(script *s);
bool script_next(script *s, script_line *out_line);

/* The bytes that a word of hex stands for; owned, release with free(data). */
aether_bytes script_bytes(const char *word);

/* The values from words[first] to the word `mark` or the end; returns the index after the mark. */
size_t script_read_values(
    const script_line *line, size_t first, const char *mark, script_values *out);

/* Whether a value of this type with these bits is what is expected. */
bool script_value_matches(const script_value *expected, uint8_t type, uint64_t bits);

#endif
