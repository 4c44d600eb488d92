/* Runs a fuzz target once over each file given, or over all files of its corpus (CORPUS, a folder of the sources):
 * the corpus as a plain test, without libFuzzer. */
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (!f || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
        return -1;
    rewind(f);
    data = malloc((size_t)size ? (size_t)size : 1); /* of its exact size, for the sanitizer to watch */
    if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
        return -1;
    fclose(f);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 0;
}

static int replay_all(char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (replay(paths[i]) < 0) {
            fprintf(stderr, "%s: cannot be read\n", paths[i]);
            return 1;
        }
    }
    printf("%zu inputs\n", count);
    return 0;
}

int main(int argc, char **argv)
{
    const char *top = getenv("TOP_SRCDIR");
    char pattern[4096];
    glob_t found;
    int result;

    if (argc > 1)
        return replay_all(argv + 1, (size_t)argc - 1);
    snprintf(pattern, sizeof pattern, "%s/%s/*", top ? top : ".", CORPUS);
    if (glob(pattern, 0, NULL, &found) != 0) {
        fprintf(stderr, "%s: no corpus\n", pattern);
        return 1;
    }
    result = replay_all(found.gl_pathv, found.gl_pathc);
    globfree(&found);
    return result;
}
