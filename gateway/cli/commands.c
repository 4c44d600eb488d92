#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "config/issues.h"

#define GATEWAY_OPTIONS                                                                                                \
    "\nThe gateway is found by HOOKLATCH_URL (its admin listener) and HOOKLATCH_TOKEN, or by -c FILE.\n"

#define REQUEST_OPTIONS                                                                                                \
    "\n  -c FILE --source NAME  a source of that configuration, instead of provider, secrets and params\n"               \
    "  --provider P    a preset, or a provider file\n"                                                               \
    "  --secret S      env:NAME, file:PATH or value:TEXT; may be repeated\n"                                            \
    "  --url U         the public URL as registered with the vendor\n"                                                 \
    "  --method M      POST unless given\n"                                                                            \
    "  --header 'N: V' a header of the request; may be repeated\n"                                                      \
    "  --param N=V     a further setting of the endpoint; may be repeated\n"                                            \
    "  --now UNIX      the time to judge by\n"

const struct cli_command cli_commands[] = {
    { "init", cli_init, "[-o FILE] [--force] PROVIDER…", "write a commented configuration for these providers", NULL },
    { "serve", cli_serve, "-c FILE", "run the gateway",
      "\nSIGHUP reloads the configuration, SIGTERM drains and ends with 0.\n" },
    { "check", cli_check, "-c FILE", "show all errors and warnings of a configuration", NULL },
    { "reload", cli_reload, "[-c FILE]", "ask the running gateway to reload its configuration", GATEWAY_OPTIONS },
    { "verify", cli_verify, "--provider P --secret S [OPTION]… [FILE|-]", "would this request pass, and if not why",
      REQUEST_OPTIONS "  --show-signature  print the right signature too\n"
      "  or: hooklatch verify --batch\n"
      "  standard input: one {\"provider\":…,\"request\":{\"method\",\"url\",\"headers\":[[NAME,VALUE],…],\"body_b64\"},\n"
      "                  \"secrets\":[…],\"params\":{…},\"now\":UNIX} a line;\n"
      "  standard output: one {\"result\":\"accept|reject|handshake\",\"reason\":…,\"event_type\":…,\"delivery_id\":…}\n"
      "                  or {\"error\":…} a line; only the signature is judged\n"
      "Exit code: 0 accepted, 1 refused, 2 usage. With --batch: 0 every line was judged, 2 one was not.\n" },
    { "sign", cli_sign, "--provider P --secret S [OPTION]… [FILE|-]", "print the headers that make this request valid",
      REQUEST_OPTIONS "  --output json   print all that has to be sent: headers to be added, url, body_b64\n"
      "  --body-to FILE  write the body that has to be sent, where the signature stands in it\n" },
    { "send", cli_send, "-c FILE SOURCE [EVENT] [FILE|-]", "sign and send a test webhook",
      "\n  or: hooklatch send --provider P --secret S --url U [--param N=V]… [EVENT] [FILE|-]\n"
      "Without a FILE an example of that event is sent: the one beside its schema (NAME.example.json beside\n"
      "NAME.schema.json), else the provider's built-in one. An unknown EVENT is told with those that there are.\n" },
    { "receive", cli_receive, "--port N [--secret S] [OPTION]…", "a small step endpoint for trying things out",
      "\n  --secret S      check Standard Webhooks signatures; without it anybody may call\n"
      "  --status N      answer with this status (200)\n"
      "  --delay MS      answer later\n"
      "  --fail-first N  answer the first N calls with 503, to see them tried again\n"
      "  --verbose       print the bodies\n"
      "  --quiet         print nothing\n"
      "It listens on 127.0.0.1 until Ctrl-C. Port 0: any free one; the first line says which.\n" },
    { "validate", cli_validate, "[OPTION]… SCHEMA [INSTANCE…|-]", "check JSON documents against a JSON Schema",
      "\n  --draft 7|2019-09|2020-12  where the schema has no $schema\n"
      "  --output text|flag|basic   what to print about a violation\n"
      "  --schemas DIR              a folder whose schemas it may refer to (several times)\n"
      "  --assert-format            \"format\" decides; else it annotates\n"
      "  --max-errors N             violations told (100)\n"
      "  --max-depth N              of nesting (10000)\n"
      "  --bundle                   print SCHEMA and all that it refers to as one schema\n"
      "  --batch                    standard input: one {\"schema\":…,\"instance\":…} a line,\n"
      "                             perhaps with \"draft\" and \"assert_format\";\n"
      "                             standard output: true, false or error … a line\n"
      "Exit code: 0 valid, 1 invalid, 2 bad schema or usage.\n" },
    { "infer", cli_infer, "[OPTION]… FILE…|-", "learn a JSON Schema from sample documents",
      "\n  --lines         one document a line (JSON Lines), not one a FILE\n"
      "  --merge SCHEMA  refine this older one: what it says is widened where a sample needs it\n"
      "  --ranges        minimum and maximum of numbers, lengths and counts of elements too\n"
      "  --closed        no members but those of the samples: additionalProperties is false\n"
      "  --enum-max N    most strings of an enum (8); 0: no enums\n"
      "  --title TEXT    the title of the schema\n"
      "The order of samples does not matter, and every one of them satisfies the schema.\n"
      "Exit code: 0 learned, 1 a sample is no JSON, 2 bad schema or usage.\n" },
    { "providers", cli_providers, "[-c FILE] [--json|--markdown] [NAME]…", "the senders that hooklatch knows, and how they sign",
      "\nWithout a NAME the list: id, scheme, certainty, name. With one everything about it, and what to type into its\n"
      "form. A NAME that ends in .yaml is a provider file.\n"
      "  -c FILE     a configuration, for its folder of providers\n"
      "  --json      an array of objects; of a NAME the whole file\n"
      "  --markdown  as docs/providers.md\n" },
    { "plugins", cli_plugins, "[-c FILE] [NAME]…", "the plugins that steps can use, and their settings",
      "\nThose of plugin_path in the configuration FILE, of the binary's folder, and the installed ones.\n" },
    { "plugin", cli_plugin, "run NAME [OPTION]… [FILE|-]", "try a plugin out, without a gateway",
      "\n  --args JSON   the step's args ({})\n"
      "  --document    FILE is the whole document {\"event\":…,\"input\":…,\"steps\":…,\"run\":…}, not the input only\n"
      "  --timeout S   seconds (30)\n"
      "  -c FILE       a configuration, for its plugin_path\n"
      "NAME with a '/' is the plugin's file. Prints the step's output; what the plugin prints goes to standard error.\n"
      "Exit code: 0 done, 1 not done, 2 usage.\n" },
    { "push", cli_push, "[--key K] [--subject S] TYPE [DATA|-]", "give the gateway an event of your own",
      "\nDATA is JSON; - reads standard input; without it the data is null.\n" GATEWAY_OPTIONS },
    { "events", cli_events, "[list|show ID|body ID|tail] [FILTER]…", "stored events",
      "\nFilters: --source S --type T --status accepted|held|released|ignored --limit N --before ID; --json prints JSON.\n"
          GATEWAY_OPTIONS },
    { "held", cli_events, "[list|show ID|tail|release ID…] [FILTER]…", "events held for violating their schema",
      "\nFilters: --source S --type T --limit N --before ID; --json prints JSON.\n" GATEWAY_OPTIONS },
    { "refused", cli_events, "[list|show ID|tail] [FILTER]…", "deliveries that were not accepted, and why",
      "\nFilters: --source S --limit N --before ID; --json prints JSON.\n" GATEWAY_OPTIONS },
    { "runs", cli_events, "[list|show ID|tail] [FILTER]…", "runs of workflows",
      "\nFilters: --source S --type T --workflow W --event ID\n  --state running|done|failed|cancelled --limit N --before ID; --json.\n"
          GATEWAY_OPTIONS },
    { "secrets", cli_secrets, "[list|show SOURCE|forget SOURCE] [-c FILE] [--json]", "secrets that senders handed over",
      "\nOf sources with \"secrets: handshake\".\n"
      "  show SOURCE     print the secret itself, to type it into the sender's form\n"
      "  forget SOURCE   the sender may then hand over another one\n"
      "  --json          print JSON\n" GATEWAY_OPTIONS },
    { "explain", cli_explain, "ID", "the whole story of an event, a refusal or a run", GATEWAY_OPTIONS },
    { "nursery", cli_nursery, "", NULL, NULL },
    { "plugin-host", cli_plugin_host, "", NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

int cli_usage(const char *name)
{
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            fprintf(stderr, "usage: hooklatch %s %s\n(\"hooklatch help %s\" tells more)\n", name, c->arguments, name);
    }
    return CLI_USAGE;
}

void cli_print_issues(const struct issues *is)
{
    struct buf text;

    buf_init(&text, 4 << 20);
    issues_put_text(is, &text);
    fwrite(text.len ? text.ptr : "", 1, text.len, stderr);
    buf_clear(&text);
}
