/* Does what its input says, mostly something that no plugin should. */
#include <hooklatch_plugin.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef BAD_ANSWER
__attribute__((constructor)) static void answer(void)
{
    if (write(1, BAD_ANSWER, sizeof BAD_ANSWER - 1) < 0)
        _exit(1);
    _exit(0);
}
#endif

static int open_trouble(struct hl_bytes args, void **self, struct hl_reply *reply)
{
    char how[16];

    (void)args;
    if (reply->text(reply, "/open", how, sizeof how) > 0) {
        reply->error(reply, "it will not open");
        return strcmp(how, "fail") == 0 ? HL_FAIL : HL_RETRY;
    }
    *self = calloc(1, 64);
    return HL_DONE;
}

static void write_words(struct hl_reply *reply, const char *words)
{
    reply->write(reply, (struct hl_bytes){ words, strlen(words) });
}

static void grow(void)
{
    for (;;) {
        char *more = malloc(1 << 20);
        if (!more)
            abort();
        memset(more, 1, 1 << 20);
    }
}

/* Whatever socket it finds: the host's. */
static void babble(void)
{
    for (int fd = 3; fd < 64; fd++)
        send(fd, "garbage garbage garbage garbage", 31, MSG_NOSIGNAL);
}

static void wait_for_removal(const char *file)
{
    char event[4096];
    int fd = inotify_init();

    inotify_add_watch(fd, file, IN_ATTRIB | IN_DELETE_SELF);
    while (access(file, F_OK) == 0 && read(fd, event, sizeof event) > 0)
        ;
    close(fd);
}

static void leave_child(struct hl_reply *reply)
{
    char mark[200];

    reply->text(reply, "/input/mark", mark, sizeof mark);
    if (fork() == 0) {
        setsid();
        execl("/bin/sh", "sh", "-c", "sleep 1000; : $0", mark, (char *)NULL);
        _exit(1);
    }
}

static int run_trouble(void *self, struct hl_bytes document, struct hl_reply *reply)
{
    char what[64] = "", once[4096];

    (void)self;
    (void)document;
    reply->text(reply, "/input/what", what, sizeof what);
    if (reply->text(reply, "/input/once", once, sizeof once) > 0) {
        int fd = open(once, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd < 0)
            strcpy(what, "fine");
        else
            close(fd);
    }
    if (strcmp(what, "silent crash") == 0)
        kill(getpid(), SIGKILL);
    fprintf(stderr, "about to: %s\n", what);
    if (strcmp(what, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL); /* sanitizers catch it */
        raise(SIGSEGV);
    }
    if (strcmp(what, "exit") == 0)
        exit(3);
    else if (strcmp(what, "loop") == 0)
        for (;;)
            ;
    else if (strcmp(what, "grow") == 0)
        grow();
    else if (strcmp(what, "babble") == 0)
        babble();
    else if (strcmp(what, "child") == 0)
        leave_child(reply);
    else if (strcmp(what, "wait") == 0)
        wait_for_removal(once);
    else if (strcmp(what, "flood") == 0)
        while (reply->write(reply, (struct hl_bytes){ "0123456789", 10 }) == 0)
            ;
    else if (strcmp(what, "no json") == 0)
        write_words(reply, "{\"a\":");
    else if (strcmp(what, "fail") == 0)
        return reply->error(reply, "never"), HL_FAIL;
    else if (strcmp(what, "retry") == 0)
        return reply->error(reply, "not now"), HL_RETRY;
    else if (strcmp(what, "number") == 0)
        return 7;
    else if (strcmp(what, "print") == 0)
        puts("on standard output");
    else if (strcmp(what, "pid") == 0) {
        char pid[32];
        snprintf(pid, sizeof pid, "%d", getpid());
        write_words(reply, pid);
    } else if (strcmp(what, "env") == 0) {
        extern char **environ;
        for (char **one = environ; *one; one++)
            puts(*one);
    } else if (strcmp(what, "fds") == 0) {
        char fds[200] = "[";
        for (int fd = 0; fd < 100; fd++)
            if (fcntl(fd, F_GETFD) >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
                snprintf(fds + strlen(fds), sizeof fds - strlen(fds), "%s%d", fds[1] ? "," : "", fd);
        write_words(reply, strcat(fds, "]"));
    }
    return HL_DONE;
}

const struct hl_step_plugin hl_step_plugin = {
#ifdef OTHER_ABI
    .abi = OTHER_ABI,
#else
    .abi = HL_STEP_ABI,
#endif
#ifdef SMALL
    .size = 8,
#else
    .size = sizeof hl_step_plugin,
#endif
    .name = "trouble",
    .config_schema = "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"open\": {\"type\": \"string\"},"
                     " \"n\": {\"type\": \"integer\"}}}",
    .open = open_trouble,
    .run = run_trouble,
    .close = free,
};
