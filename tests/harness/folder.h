/* Folders and files for tests: all that can go wrong fails the test. */
#ifndef AE_TESTS_HARNESS_FOLDER_H
#define AE_TESTS_HARNESS_FOLDER_H

#include "harness/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_PATH_LEN 512

/* A folder that is made for one test, and removed with its files at the end. */
typedef struct folder {
    char path[FOLDER_PATH_LEN];
} folder;

typedef struct folder_path {
    char text[FOLDER_PATH_LEN];
} folder_path;

static inline folder folder_make(void) {
    folder self = {"/tmp/aether_test_XXXXXX"};
    CHECK(mkdtemp(self.path) != NULL);
    return self;
}

static inline folder_path folder_file(const folder *self, const char *name) {
    folder_path path;
    CHECK(snprintf(path.text, sizeof path.text, "%s/%s", self->path, name) < (int)sizeof path.text);
    return path;
}

/* Number of files; the name of the last one, if a buffer is given. */
static inline size_t folder_count(const folder *self, folder_path *out_name) {
    DIR *listing = opendir(self->path);
    CHECK(listing != NULL);
    size_t count = 0;
    for (const struct dirent *item = readdir(listing); item != NULL; item = readdir(listing)) {
        if (item->d_name[0] == '.')
            continue;
        if (out_name != NULL)
            snprintf(out_name->text, sizeof out_name->text, "%s", item->d_name);
        count++;
    }
    closedir(listing);
    return count;
}

static inline void folder_end(const folder *self) {
    folder_path name;
    while (folder_count(self, &name) != 0)
        CHECK(remove(folder_file(self, name.text).text) == 0);
    CHECK(rmdir(self->path) == 0);
}

/* A whole file; the caller frees. */
static inline uint8_t *file_read(const char *path, size_t *out_len) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        test_fail(__FILE__, __LINE__, "cannot open %s", path);
    struct stat state;
    CHECK(fstat(fileno(file), &state) == 0);
    uint8_t *bytes = malloc((size_t)state.st_size + 1);
    CHECK(bytes != NULL);
    *out_len = fread(bytes, 1, (size_t)state.st_size, file);
    CHECK_U64(*out_len, state.st_size);
    fclose(file);
    return bytes;
}

/* Replace or make a file, mode 0600. */
static inline void file_write(const char *path, const uint8_t *bytes, size_t len) {
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    CHECK(write(file, bytes, len) == (ssize_t)len);
    close(file);
}

#endif
