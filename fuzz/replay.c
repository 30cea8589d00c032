/* Run a fuzz target over the files of a folder, without a fuzzer: replay FOLDER. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

#define FILE_LEN_MAX (1u << 20)

static size_t replay_file(const char *folder, const char *name) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return 0;
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file != NULL);
    uint8_t *bytes = malloc(FILE_LEN_MAX);
    FUZZ_CHECK(bytes != NULL);
    const size_t len = fread(bytes, 1, FILE_LEN_MAX, file);
    fclose(file);
    // In a block of exactly its length, so that a sanitizer sees the first byte too far.
    uint8_t *exact = malloc(len != 0 ? len : 1);
    FUZZ_CHECK(exact != NULL);
    memcpy(exact, bytes, len);
    free(bytes);
    fprintf(stderr, "%s\n", name); // the last line names the culprit
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 1;
}

int main(int argc, char **argv) {
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: replay FOLDER\n");
        return 2;
    }
    size_t count = 0;
    for (const struct dirent *entry = NULL; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            count += replay_file(argv[1], entry->d_name);
    closedir(folder);
    printf("%zu inputs\n", count);
    return count != 0 ? 0 : 1;
}
