/* bench/spawn.c - what starting a command costs without anything around it: posix_spawn with three pipes, COUNT times, AT_ONCE at a
 * time. Prints one line of JSON. For bench/steps.mjs. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void start(char **command)
{
    static char *const environment[] = { (char *)"PATH=/usr/bin:/bin", NULL };
    posix_spawn_file_actions_t files;
    int pipes[3][2];
    pid_t pid;

    posix_spawn_file_actions_init(&files);
    for (int i = 0; i < 3; i++) {
        if (pipe2(pipes[i], O_CLOEXEC))
            exit(1);
        posix_spawn_file_actions_adddup2(&files, pipes[i][i != 0], i);
    }
    if (posix_spawn(&pid, command[0], &files, NULL, command, environment))
        exit(1);
    posix_spawn_file_actions_destroy(&files);
    for (int i = 0; i < 3; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
}

int main(int argc, char **argv)
{
    int count = argc > 3 ? atoi(argv[1]) : 0, at_once = argc > 3 ? atoi(argv[2]) : 0, running = 0;
    struct timespec from, to;

    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int started = 0; started < count || running;) {
        if (started < count && running < at_once) {
            start(argv + 3);
            started++;
            running++;
        } else if (wait(NULL) > 0) {
            running--;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("{\"count\":%d,\"seconds\":%f}\n", count,
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
