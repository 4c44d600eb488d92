#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/gateway.h"
#include "config.h"

static const struct option long_options[] = { { "config", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 } };

/* Reloads that the API asked for; the main thread takes them when it is told by SIGHUP. */
static struct mailbox reloads;

static void ask_reload(void *arg, struct reload *r)
{
    (void)arg;
    mailbox_put_list(&reloads, &r->mail, &r->mail);
    kill(getpid(), SIGHUP);
}

/* One reading of the file answers everybody who asked. */
static void reload(struct gateway *g)
{
    struct mail *m = mailbox_take(&reloads);
    struct buf text;

    buf_init(&text, 256 * 1024);
    bool ok = gateway_reload(g, &text);
    if (ok)
        LOG_INFO("configuration reloaded", LOG_SL("text", buf_slice(&text)));
    else
        LOG_ERROR("configuration not reloaded", LOG_SL("text", buf_slice(&text)));
    while (m) {
        struct reload *r = (struct reload *)m;
        m = m->next;
        r->ok = ok;
        buf_put(&r->text, buf_slice(&text));
        r->mail.run = r->done;
        loop_post(r->home, &r->mail);
    }
    buf_clear(&text);
}

/* Blocked before the first thread starts, so that only this thread takes them. */
static sigset_t block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return set;
}

static void take_signals(struct gateway *g, const sigset_t *set)
{
    for (;;) {
        int signal = sigwaitinfo(set, NULL);
        if (signal == SIGHUP)
            reload(g);
        else if (signal == SIGUSR2)
            clock_test_reread();
        else if (signal == SIGTERM || signal == SIGINT)
            return;
    }
}

static int serve(struct gateway *g)
{
    sigset_t set = block_signals();
    struct err e;

    if (mailbox_init(&reloads, 0, &e) || gateway_start(g, &e)) {
        fprintf(stderr, "hooklatch serve: %s\n", e.text);
        gateway_stop(g);
        return CLI_FAILED;
    }
    LOG_INFO("ready", LOG_Z("version", PACKAGE_VERSION), LOG_I("ingest_port", ingest_port(g->ingest[0])),
             LOG_I("admin_port", admin_port(g->admin)), LOG_I("api_port", admin_api_port(g->admin)),
             LOG_I("sources", g->plan->n_sources), LOG_I("workflows", g->plan->n_workflows));
    take_signals(g, &set);
    LOG_INFO("stopping");
    gateway_stop(g);
    mailbox_clear(&reloads);
    LOG_INFO("stopped");
    return 0;
}

/* Errors and warnings as "hooklatch check" shows them. */
static struct plan *load(const char *file)
{
    struct issues is;

    issues_init(&is);
    struct plan *plan = plan_load(file, &is);
    cli_print_issues(&is);
    issues_clear(&is);
    return plan;
}

int cli_serve(int argc, char **argv)
{
    struct gateway g = { .reload = ask_reload };
    int c;

    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (c != 'c')
            return cli_usage("serve");
        g.file = optarg;
    }
    if (!g.file || optind != argc)
        return cli_usage("serve");
    clock_test_reread();
    g.plan = load(g.file);
    if (!g.plan)
        return CLI_FAILED;
    log_setup(g.plan->settings.log_level, g.plan->settings.log_json);
    return serve(&g);
}
