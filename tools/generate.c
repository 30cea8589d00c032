/* Writes everything that is generated from the project's tables: the SDK's import declarations and
 * the reference pages of host functions, instructions, limits and statuses.
 *
 *   generate ROOT            write the files below ROOT
 *   generate --check ROOT    compare them with what would be written; exit 1 where one differs
 *
 * Each page is made in memory first, so that a failure leaves no half-written file. */
#include <aether/execution.h>
#include <aether/status.h>
#include <aether/version.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "make generated"

typedef struct host_row {
    const char *name;
    const char *signature;
    const char *c_result;
    const char *c_params;
    const char *summary;
} host_row;

static const host_row host_rows[] = {
#define AE_HOST(name, signature, c_result, c_params, summary) \
    {#name, signature, c_result, c_params, summary},
#include "host/functions.def"
#undef AE_HOST
};

typedef struct price_row {
    const char *name;
    uint64_t base, in_rate, out_rate; // gas, gas per byte, gas per byte
    const char *rule;
} price_row;

static const price_row price_rows[] = {
#define AE_HOST_PRICE(name, base, in_rate, out_rate, rule) {#name, base, in_rate, out_rate, rule},
#include "gas/host_prices.def"
#undef AE_HOST_PRICE
};

typedef struct rate_row {
    const char *name;
    uint64_t v1, unit; // gas
    const char *per;
    const char *rule;
} rate_row;

static const rate_row rate_rows[] = {
#define AE_RATE(name, v1, unit, per, rule) {#name, v1, unit, per, rule},
#include "gas/rates.def"
#undef AE_RATE
};

typedef struct limit_row {
    const char *name;
    uint64_t value;
    const char *unit;
    const char *reason;
} limit_row;

static const limit_row limit_rows[] = {
#define AE_LIMIT(name, value, unit, reason) {#name, value, unit, reason},
#include "base/limits.def"
#undef AE_LIMIT
};

typedef struct status_row {
    const char *name;
    int number;
    const char *text;
} status_row;

static const status_row status_rows[] = {
#define STATUS_ROW(name, number, text) {#name, number, text},
    AETHER_STATUS_MAP(STATUS_ROW)
#undef STATUS_ROW
};

static const status_row end_rows[] = {
#define END_ROW(name, number, text) {#name, number, text},
    AETHER_END_MAP(END_ROW)
#undef END_ROW
};

typedef struct opcode_row {
    const char *name;
    unsigned code;
    const char *signature;
    const char *text;
} opcode_row;

static const opcode_row opcode_rows[] = {
#define AE_OP(name, code, immediates, signature, text) {#name, code, signature, text},
#include "wasm/opcodes.def"
#undef AE_OP
};

typedef struct opcode_price_row {
    const char *name;
    uint64_t gas;
    const char *rule;
} opcode_price_row;

static const opcode_price_row opcode_price_rows[] = {
#define AE_OPCODE_PRICE(name, v1, rule) {#name, v1, rule},
#include "gas/opcode_prices.def"
#undef AE_OPCODE_PRICE
};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

_Static_assert(COUNT(host_rows) == COUNT(price_rows), "every host function has a price");
_Static_assert(COUNT(opcode_rows) == COUNT(opcode_price_rows), "every instruction has a price");

// ---- Checks of the tables

static const char *letter_name(char letter) {
    switch (letter) {
    case 'i':
        return "i32";
    case 'I':
        return "i64";
    case 'f':
        return "f32";
    case 'F':
        return "f64";
    }
    fprintf(stderr, "generate: unknown type letter '%c'\n", letter);
    exit(1);
}

static size_t count_c_params(const char *params) {
    if (strcmp(params, "void") == 0)
        return 0;
    size_t count = 1;
    for (const char *c = params; *c != '\0'; c++)
        count += *c == ',';
    return count;
}

// A row of the SDK whose prototype is not its import's type would compile and then fail to load.
static bool check_host_rows(void) {
    for (size_t i = 0; i < COUNT(host_rows); i++) {
        const host_row *row = &host_rows[i];
        if (strcmp(row->name, price_rows[i].name) != 0) {
            fprintf(stderr,
                "generate: row %zu is %s in host/functions.def, %s in gas/host_prices.def\n", i,
                row->name, price_rows[i].name);
            return false;
        }
        const size_t letters = strcspn(row->signature, ">");
        const bool has_result =
            row->signature[letters] == '>' && row->signature[letters + 1] != '\0';
        const bool c_has_result = strstr(row->c_result, "void") == NULL;
        if (letters != count_c_params(row->c_params) || has_result != c_has_result) {
            fprintf(stderr, "generate: %s: signature \"%s\" is not that of %s (%s)\n", row->name,
                row->signature, row->c_result, row->c_params);
            return false;
        }
    }
    return true;
}

static bool check_opcode_rows(void) {
    for (size_t i = 0; i < COUNT(opcode_rows); i++)
        if (strcmp(opcode_rows[i].name, opcode_price_rows[i].name) != 0) {
            fprintf(stderr,
                "generate: row %zu is %s in wasm/opcodes.def, %s in gas/opcode_prices.def\n", i,
                opcode_rows[i].name, opcode_price_rows[i].name);
            return false;
        }
    return true;
}

// ---- Pages

static void write_types(FILE *out, const char *letters, size_t count) {
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s", i == 0 ? "" : ", ", letter_name(letters[i]));
}

// "(i32, i32) -> i32" of "ii>i".
static void write_signature(FILE *out, const char *signature) {
    const size_t params = strcspn(signature, ">");
    fputc('(', out);
    write_types(out, signature, params);
    fputc(')', out);
    if (signature[params] == '>' && signature[params + 1] != '\0') {
        fputs(" -> ", out);
        write_types(out, signature + params + 1, strlen(signature + params + 1));
    }
}

// A cell of a Markdown table: a bar would end it.
static void write_cell(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void write_sdk_header(FILE *out) {
    fputs(
        "/* Made by `" COMMAND "` from src/host/functions.def. Do not edit.\n"
        " *\n"
        " * What a contract may import from its host, as declared in C. A parameter that is a pointer is an\n"
        " * address in the contract's own memory. Outputs with a capacity: the host copies at most `cap`\n"
        " * bytes and returns the full length; cap 0 asks for the length.\n"
        " *\n"
        " * Off Wasm the declarations are ordinary functions, so that a native test can define them. */\n"
        "#ifndef AETHER_HOST_GENERATED_H\n"
        "#define AETHER_HOST_GENERATED_H\n"
        "\n"
        "#include <stdint.h>\n"
        "\n"
        "#if defined(__wasm__)\n"
        "#define AETHER_HOST_IMPORT(name) __attribute__((import_module(\"env\"), import_name(name)))\n"
        "#else\n"
        "#define AETHER_HOST_IMPORT(name)\n"
        "#endif\n"
        "\n"
        "#ifdef __cplusplus\n"
        "extern \"C\" {\n"
        "#endif\n",
        out);
    for (size_t i = 0; i < COUNT(host_rows); i++) {
        const host_row *row = &host_rows[i];
        static const char noreturn[] = "_Noreturn ";
        const bool returns = strncmp(row->c_result, noreturn, strlen(noreturn)) != 0;
        fprintf(out, "\n/** %s */\n", row->summary);
        fprintf(out, "AETHER_HOST_IMPORT(\"%s\")\n", row->name);
        fprintf(out, "%s%s aether_host_%s(%s);\n", returns ? "" : "__attribute__((noreturn)) ",
            returns ? row->c_result : row->c_result + strlen(noreturn), row->name, row->c_params);
    }
    fputs("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n", out);
}

static void write_host_page(FILE *out) {
    fprintf(out,
        "<!-- Made by `" COMMAND
        "` from src/host/functions.def and src/gas/host_prices.def. Do not edit. -->\n"
        "# Host functions\n"
        "\n"
        "What a contract may import from `env`, protocol version %d: %zu functions. Gas is that of schedule v1:\n"
        "`base + in × bytes read from the contract` before any work, `out × bytes written to it` before the\n"
        "copy. Under schedule `unit` host functions are free. In C, each is `aether_host_<name>` of\n"
        "`sdk/c/aether_host_generated.h`.\n"
        "\n"
        "| Function | Type | Base | In, per byte | Out, per byte |\n"
        "|---|---|---:|---:|---:|\n",
        AETHER_PROTOCOL_VERSION, COUNT(host_rows));
    for (size_t i = 0; i < COUNT(host_rows); i++) {
        const price_row *price = &price_rows[i];
        fprintf(out, "| [`%s`](#%s) | `", host_rows[i].name, host_rows[i].name);
        write_signature(out, host_rows[i].signature);
        fprintf(out, "` | %llu | %llu | %llu |\n", (unsigned long long)price->base,
            (unsigned long long)price->in_rate, (unsigned long long)price->out_rate);
    }
    for (size_t i = 0; i < COUNT(host_rows); i++) {
        const host_row *row = &host_rows[i];
        fprintf(out, "\n## %s\n\n```c\n%s aether_host_%s(%s);\n```\n\n%s\n", row->name,
            row->c_result, row->name, row->c_params, row->summary);
    }
}

static void write_limits_page(FILE *out) {
    fprintf(out,
        "<!-- Made by `" COMMAND "` from src/base/limits.def. Do not edit. -->\n"
        "# Limits\n"
        "\n"
        "Every limit of protocol version %d. A limit of a module holds for the bytes as they were uploaded, and\n"
        "a module beyond it is refused; a contract that goes beyond a limit of an execution fails.\n"
        "\n"
        "| Limit | Value | Of what | Why |\n"
        "|---|---:|---|---|\n",
        AETHER_PROTOCOL_VERSION);
    for (size_t i = 0; i < COUNT(limit_rows); i++) {
        const limit_row *row = &limit_rows[i];
        fprintf(out, "| `%s` | %llu | ", row->name, (unsigned long long)row->value);
        write_cell(out, row->unit);
        fputs(" | ", out);
        write_cell(out, row->reason);
        fputs(" |\n", out);
    }
}

static const char *status_kind(int number) {
    switch (number / 100) {
    case 0:
        return "success";
    case 1:
        return "misuse by the calling program";
    case 2:
        return "rejection of the bytes that were given";
    case 9:
        return "fault of this machine";
    }
    fprintf(stderr, "generate: status %d is of no kind\n", number);
    exit(1);
}

static void write_statuses_page(FILE *out) {
    fputs(
        "<!-- Made by `" COMMAND
        "` from include/aether/status.h and include/aether/execution.h. Do not edit. -->\n"
        "# Statuses and ends\n"
        "\n"
        "## Statuses\n"
        "\n"
        "What a function of the library returns. Numbers are ABI: never renumbered, never reused.\n"
        "\n"
        "| Number | Name | Kind | Meaning |\n"
        "|---:|---|---|---|\n",
        out);
    for (size_t i = 0; i < COUNT(status_rows); i++)
        fprintf(out, "| %d | `AETHER_%s` | %s | %s |\n", status_rows[i].number, status_rows[i].name,
            status_kind(status_rows[i].number), status_rows[i].text);
    fputs(
        "\n"
        "## Ends\n"
        "\n"
        "Why an execution ended as it did: a diagnosis for people, the same on every engine, never hashed.\n"
        "The text is `trap.kind` in JSON.\n"
        "\n"
        "| Number | Name | Text |\n"
        "|---:|---|---|\n",
        out);
    for (size_t i = 0; i < COUNT(end_rows); i++)
        fprintf(out, "| %d | `AETHER_END_%s` | `%s` |\n", end_rows[i].number, end_rows[i].name,
            end_rows[i].text);
}

static void write_instructions_page(FILE *out) {
    fprintf(out,
        "<!-- Made by `" COMMAND
        "` from src/wasm/opcodes.def and src/gas/opcode_prices.def. Do not edit. -->\n"
        "# Instructions\n"
        "\n"
        "The %zu instructions of the profile; a module with any other is refused with `FORBIDDEN_FEATURE`.\n"
        "Gas is that of schedule v1 for one execution; entering a function, and each byte or page of a bulk\n"
        "instruction or of `memory.grow`, cost more ([prices](gas.generated.md)). The last column is what was measured.\n"
        "No type: it depends on more than the opcode.\n"
        "\n"
        "| Opcode | Instruction | Type | Gas | Measured |\n"
        "|---|---|---|---:|---|\n",
        COUNT(opcode_rows));
    for (size_t i = 0; i < COUNT(opcode_rows); i++) {
        const opcode_row *row = &opcode_rows[i];
        if (row->code > 0xff)
            fprintf(out, "| `0x%02x 0x%02x`", row->code >> 8, row->code & 0xff);
        else
            fprintf(out, "| `0x%02x`", row->code);
        fprintf(out, " | `%s` | ", row->text);
        if (row->signature[0] != '\0') {
            fputc('`', out);
            write_signature(out, row->signature);
            fputc('`', out);
        }
        fprintf(out, " | %llu | %s |\n", (unsigned long long)opcode_price_rows[i].gas,
            opcode_price_rows[i].rule);
    }
}

static void write_gas_page(FILE *out) {
    fputs(
        "<!-- Made by `" COMMAND
        "` from src/gas/rates.def and src/gas/host_prices.def. Do not edit. -->\n"
        "# Prices\n"
        "\n"
        "What is not the price of one instruction: those are in [instructions](instructions.generated.md). How\n"
        "prices are made, and what they mean for a block, is in [gas](gas.md).\n"
        "\n"
        "## Rates\n"
        "\n"
        "| Rate | v1 | unit | For each | Measured |\n"
        "|---|---:|---:|---|---|\n",
        out);
    for (size_t i = 0; i < COUNT(rate_rows); i++) {
        const rate_row *row = &rate_rows[i];
        fprintf(out, "| `%s` | %llu | %llu | ", row->name, (unsigned long long)row->v1,
            (unsigned long long)row->unit);
        write_cell(out, row->per);
        fputs(" | ", out);
        write_cell(out, row->rule);
        fputs(" |\n", out);
    }
    fputs(
        "\n"
        "## Host functions\n"
        "\n"
        "Schedule v1, `base + in × bytes read from the contract + out × bytes written to it`; under `unit` all are\n"
        "free. Storage, balance and events count with what a database adds.\n"
        "\n"
        "| Function | Base | In | Out | Measured: base; a byte |\n"
        "|---|---:|---:|---:|---|\n",
        out);
    for (size_t i = 0; i < COUNT(price_rows); i++) {
        const price_row *row = &price_rows[i];
        fprintf(out, "| `%s` | %llu | %llu | %llu | ", row->name, (unsigned long long)row->base,
            (unsigned long long)row->in_rate, (unsigned long long)row->out_rate);
        write_cell(out, row->rule);
        fputs(" |\n", out);
    }
}

// ---- Files

typedef struct page {
    const char *path;
    void (*write)(FILE *out);
} page;

static const page pages[] = {
    {"sdk/c/aether_host_generated.h", write_sdk_header},
    {"docs/gas.generated.md", write_gas_page},
    {"docs/host-functions.generated.md", write_host_page},
    {"docs/instructions.generated.md", write_instructions_page},
    {"docs/limits.generated.md", write_limits_page},
    {"docs/statuses.generated.md", write_statuses_page},
};

static bool file_equals(const char *path, const char *text, size_t len) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    bool equal = true;
    for (size_t i = 0; equal && i < len; i++)
        equal = getc(file) == (unsigned char)text[i];
    equal = equal && getc(file) == EOF;
    fclose(file);
    return equal;
}

static bool file_replace(const char *path, const char *text, size_t len) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    const bool written = fwrite(text, 1, len, file) == len;
    if (fclose(file) != 0 || !written) {
        perror(path);
        return false;
    }
    printf("generate: wrote %s\n", path);
    return true;
}

static bool emit_page(const char *root, const page *which, bool check) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", root, which->path) >= (int)sizeof path) {
        fprintf(stderr, "generate: path too long: %s\n", root);
        return false;
    }
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        perror("generate");
        return false;
    }
    which->write(out);
    if (fclose(out) != 0) {
        perror("generate");
        return false;
    }
    bool ok = file_equals(path, text, len);
    if (!ok && check)
        fprintf(stderr, "generate: %s is out of date: run `" COMMAND "`\n", which->path);
    else if (!ok)
        ok = file_replace(
            path, text, len); // an unchanged file keeps its time, and nothing is rebuilt
    free(text);
    return ok;
}

int main(int argc, char **argv) {
    const bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
    if (argc != 2 && !check) {
        fputs("usage: generate [--check] ROOT\n", stderr);
        return 2;
    }
    if (!check_host_rows() || !check_opcode_rows())
        return 1;
    bool ok = true;
    for (size_t i = 0; i < COUNT(pages); i++)
        ok = emit_page(argv[argc - 1], &pages[i], check) && ok;
    return ok ? 0 : 1;
}
