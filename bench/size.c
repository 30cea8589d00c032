// Bytes of what is installed, without symbols.
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool strip(const char *from, const char *to) {
    const pid_t child = fork();
    if (child == 0) {
        execlp("strip", "strip", "-o", to, from, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static bool print_size(const bench *self, const char *name, const char *file) {
    if (!bench_wants(self, name))
        return true;
    char from[4200];
    char to[] = "/tmp/aether_bench_XXXXXX";
    snprintf(from, sizeof from, "%s/%s", self->folder, file);
    if (access(from, R_OK) != 0)
        return bench_fail("%s: %s is not built", name, from);
    const int descriptor = mkstemp(to);
    if (descriptor < 0)
        return bench_fail("%s: no temporary file", name);
    close(descriptor);
    struct stat info;
    const bool ok = strip(from, to) && stat(to, &info) == 0;
    unlink(to);
    if (!ok)
        return bench_fail("%s: strip failed", name);
    bench_print(self, name, (double)info.st_size, "bytes", 1);
    return true;
}

static bool run(const bench *self) {
    const bool library = print_size(self, "size_library", "libaether.so");
    return print_size(self, "size_command", "aether") && library;
}

static const char *const names[] = {"size_library", "size_command", NULL};

const bench_group bench_size = {.names = names, .run = run};
