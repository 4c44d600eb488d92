/* One good configuration, one change each, and every word that is said about it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/plan/folder.h"

static const char base[] =
    "listen: {ingest: \"127.0.0.1:8080\", admin: \"127.0.0.1:8081\"}\n"
    "store: \"sqlite:x.db\"\n"
    "schemas: [schemas]\n"
    "endpoints:\n"
    "  demo: {url: \"http://127.0.0.1:9/s\", secrets: [{value: abcd}]}\n"
    "sources:\n"
    "  github:\n"
    "    provider: github\n"
    "    secrets: [{value: abc}]\n"
    "    events:\n"
    "      github.push: {schema: github/push.schema.json}\n"
    "workflows:\n"
    "  - id: w\n"
    "    on: github.push\n"
    "    steps: [{id: a, http: {endpoint: demo, path: /p}}]\n";

/* A sender that hands its secret over. */
#define HANDING                                                                                                        \
    "    event: {type: \"tasks.{/kind}\"}\n"                                                                            \
    "    verify: {scheme: hmac, hash: sha256, encoding: hex, signature: {in: header, name: X-S}, signed_content: "     \
    "[\"{body}\"], secret: {what: X-Hook-Secret}, handshakes: [{name: first, signed: \"no\", when: {header_present: [X-H]}, "  \
    "secret: {in: header, name: X-H}, response: {status: 200}}]}\n"
#define GITHUB                                                                                                         \
    "    provider: github\n"                                                                                           \
    "    secrets: [{value: abc}]\n"                                                                                    \
    "    events:\n"                                                                                                    \
    "      github.push: {schema: github/push.schema.json}\n"
#define STORE "store: \"sqlite:x.db\"\n"
#define KEY STORE "secrets_key: {value: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f}\n"

static const struct change {
    const char *from, *to, *said;
} changes[] = {
    { "provider: github",
      "provder: github",
      "c.yaml:8:5: error: sources.github.provder: unknown key \"provder\"\n"
      "    hint: did you mean \"provider\"?\n" },
    { "provider: github",
      "provider: githb",
      "c.yaml:8:15: error: sources.github.provider: there is no provider \"githb\"\n"
      "    hint: did you mean \"github\"?\n" },
    { "provider: github",
      "provider: no",
      "c.yaml:8:15: error: sources.github.provider: there is no provider \"no\"\n"
      "    hint: \"hooklatch providers\" lists those that there are\n" },
    { "admin: \"127.0.0.1:8081\"",
      "admin: \"0.0.0.0:8081\"",
      "c.yaml:1:43: error: listen.admin: the token would cross the network unencrypted\n"
      "    hint: listen on 127.0.0.1, or add tls: {cert: FILE, key: FILE}, or say plain_http: true\n" },
    { "admin: \"127.0.0.1:8081\"",
      "admin: \"127.0.0.1:8080\"",
      "c.yaml:1:43: error: listen.admin: 127.0.0.1:8080 is taken by another listener\n"
      "    hint: give each listener its own port\n" },
    { "admin: \"127.0.0.1:8081\"",
      "admin: \"localhost:8081\"",
      "c.yaml:1:43: error: listen.admin: \"localhost:8081\" is no address to listen on\n"
      "    hint: write an IP address and a port: 127.0.0.1:8080, 0.0.0.0:8080, [::1]:8080\n" },
    { "admin: \"127.0.0.1:8081\"",
      "admin: {address: \"0.0.0.0:1\", plain_http: yes}",
      "c.yaml:1:78: error: listen.admin.plain_http: expected boolean, found string \"yes\"\n"
      "    hint: write true or false\n" },
    { "admin: \"127.0.0.1:8081\"",
      "admin: 8081",
      "c.yaml:1:43: error: listen.admin: expected string or object, found number 8081\n"
      "    hint: for example \"127.0.0.1:8080\"\n" },
    { "admin: \"127.0.0.1:8081\"",
      "admin: {address: \"0.0.0.0:1\", tls: {cert: nope.pem}}",
      "c.yaml:1:71: error: listen.admin.tls: required property \"key\" is missing\n"
      "    hint: for example { \"cert\": \"cert.pem\", \"key\": \"key.pem\" }\n" },
    { "store: \"sqlite:x.db\"",
      "store: \"postgresql://x\"",
      "c.yaml:2:8: error: store: must match the pattern \"^sqlite:.\", found string \"postgresql://x\"\n"
      "    hint: for example \"sqlite:../var/hooklatch.db\"\n" },
    { "store: \"sqlite:x.db\"\n",
      "",
      "c.yaml:1:1: error: required property \"store\" is missing\n"
      "    hint: for example { \"listen\": { \"ingest\": \"127.0.0.1:8080\" }, \"store\": "
      "\"sqlite:../var/hooklatch.db\" }\n" },
    { "\"http://127.0.0.1:9/s\"",
      "\"ftp://x\"",
      "c.yaml:5:15: error: endpoints.demo.url: must match the pattern \"^https?://\", found string \"ftp://x\"\n"
      "    hint: for example \"https://hooks.example.com\"\n" },
    { "\"http://127.0.0.1:9/s\"",
      "\"http://u:p@x/\"",
      "c.yaml:5:15: error: endpoints.demo.url: a URL with user or password in it\n"
      "    hint: for example https://steps.example.com/hooks\n" },
    { "\"http://127.0.0.1:9/s\"",
      "\"http://x/#f\"",
      "c.yaml:5:15: error: endpoints.demo.url: a URL with a fragment (#…)\n"
      "    hint: for example https://steps.example.com/hooks\n" },
    { "\"http://127.0.0.1:9/s\"",
      "\"http://x/?q=1\"",
      "c.yaml:5:15: error: endpoints.demo.url: an endpoint's URL with a query\n"
      "    hint: put the query into the step's path: {endpoint: x, path: \"/p?q=1\"}\n" },
    { "\"http://127.0.0.1:9/s\"",
      "\"http://x:99999/\"",
      "c.yaml:5:15: error: endpoints.demo.url: a URL with a bad port\n"
      "    hint: for example https://steps.example.com/hooks\n" },
    { ", secrets: [{value: abcd}]}\n"
      "sources",
      ", secrets: [{value: \"whsec_!!\"}]}\n"
      "sources",
      "c.yaml:5:49: error: endpoints.demo.secrets[0]: the secret value is not base64, with or "
      "without whsec_ before it, as Standard Webhooks wants it\n"
      "    hint: make one with: echo whsec_$(openssl rand -base64 32)\n" },
    { ", secrets: [{value: abcd}]}\n"
      "sources",
      "}\n"
      "sources",
      "c.yaml:5:9: warning: endpoints.demo: calls to demo are not signed: it cannot tell them from others'\n"
      "    hint: add secrets: [{env: NAME}]\n" },
    { "    secrets: [{value: abc}]\n"
      "    events",
      "    secrets: []\n"
      "    events",
      "c.yaml:9:14: error: sources.github.secrets: must have at least 1 item, has 0\n"
      "    hint: write a list, [{env: NAME}]; or handshake, where the sender hands its secret over\n" },
    { "    secrets: [{value: abc}]\n"
      "    events",
      "    secrets: [{env: NOT_SET_X}]\n"
      "    events",
      "c.yaml:9:15: error: sources.github.secrets[0]: the environment variable NOT_SET_X is not set\n"
      "    hint: set it where hooklatch is started: set -a; . ./hooklatch.env; or EnvironmentFile= of its unit\n" },
    { "    secrets: [{value: abc}]\n"
      "    events",
      "    secrets: [abc]\n"
      "    events",
      "c.yaml:9:15: error: sources.github.secrets[0]: expected object, found string of 3 characters (not shown)\n"
      "    hint: a secret is one of {env: NAME}, {file: PATH}, {value: TEXT}\n" },
    { "    secrets: [{value: abc}]\n"
      "    events",
      "    secrets: [{env: A, value: B}]\n"
      "    events",
      "c.yaml:9:15: error: sources.github.secrets[0]: must have at most 1 property, has 2\n"
      "    hint: a secret is one of {env: NAME}, {file: PATH}, {value: TEXT}\n" },
    { "    secrets: [{value: abc}]\n"
      "    events",
      "    secrets: {env: A}\n"
      "    events",
      "c.yaml:9:14: error: sources.github.secrets: expected string or array, found object of 1 member\n"
      "    hint: write a list, [{env: NAME}]; or handshake, where the sender hands its secret over\n" },
    { "    secrets: [{value: abc}]\n",
      "    secrets: abc\n",
      "c.yaml:9:14: error: sources.github.secrets: must match the pattern \"^handshake$\", found string of 3 characters "
      "(not shown)\n"
      "    hint: write a list, [{env: NAME}]; or handshake, where the sender hands its secret over\n" },
    { "    secrets: [{value: abc}]\n",
      "    secrets: handshake\n",
      "c.yaml:9:14: error: sources.github.secrets: this sender does not hand its secret over (webhook secret)\n"
      "    hint: write a list: [{env: NAME}]\n" },
    { GITHUB, HANDING "    secrets: handshake\n",
      "c.yaml:10:14: error: sources.github.secrets: a secret that is handed over is stored sealed, and there is no "
      "secrets_key for that\n"
      "    hint: add secrets_key: {file: PATH}; make one with: openssl rand -hex 32\n" },
    { GITHUB, HANDING,
      "c.yaml:8:5: error: sources.github: without a secret (X-Hook-Secret) nothing can be verified\n"
      "    hint: add secrets: handshake, to take the one that the sender hands over\n" },
    { STORE, KEY, "" },
    { STORE, STORE "secrets_key: {value: abc}\n",
      "c.yaml:3:14: error: secrets_key: the key value is not 32 bytes in hex (64 digits) or base64 (44 characters)\n"
      "    hint: make one with: openssl rand -hex 32\n" },
    { STORE, STORE "secrets_key: {env: NOT_SET_X}\n",
      "c.yaml:3:14: error: secrets_key: the environment variable NOT_SET_X is not set\n"
      "    hint: set it where hooklatch is started: set -a; . ./hooklatch.env; or EnvironmentFile= of its unit\n" },
    { "    secrets: [{value: abc}]\n",
      "",
      "c.yaml:8:5: error: sources.github: without a secret (webhook secret) nothing can be verified\n"
      "    hint: add secrets: [{env: NAME}]\n" },
    { "    provider: github\n"
      "    secrets: [{value: abc}]\n",
      "",
      "c.yaml:8:5: error: sources.github: nothing says how to prove who sent its webhooks\n"
      "    hint: add provider: NAME; or verify: {scheme: hmac, …}; or, to take webhooks from anybody, "
      "verify: none\n" },
    { "    provider: github\n",
      "    verify: nobody\n",
      "c.yaml:8:13: error: sources.github.verify: must match the pattern \"^none$\", found string \"nobody\"\n"
      "    hint: write a provider's fields, or none to take webhooks from anybody\n" },
    { "    provider: github\n"
      "    secrets: [{value: abc}]\n",
      "    verify: none\n",
      "c.yaml:8:5: error: sources.github: no provider names its events: event.type must\n"
      "    hint: for example event: {type: \"shop.{/kind}\"}\n"
      "c.yaml:8:13: warning: sources.github.verify: anybody who knows the URL can send webhooks\n"
      "    hint: make the URL one that nobody can guess: path_token: {env: NAME}\n" },
    { "    provider: github\n"
      "    secrets: [{value: abc}]\n",
      "    verify: none\n"
      "    event: {type: x}\n",
      "c.yaml:8:13: warning: sources.github.verify: anybody who knows the URL can send webhooks\n"
      "    hint: make the URL one that nobody can guess: path_token: {env: NAME}\n" },
    { "    provider: github\n",
      "    verify: none\n"
      "    event: {type: x}\n",
      "c.yaml:8:13: warning: sources.github.verify: anybody who knows the URL can send webhooks\n"
      "    hint: make the URL one that nobody can guess: path_token: {env: NAME}\n"
      "c.yaml:10:14: error: sources.github.secrets: secrets are not used: nothing is verified\n"
      "    hint: remove them\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    verify: none\n",
      "c.yaml:9:13: error: sources.github.verify: provider \"github\" signs its webhooks\n"
      "    hint: remove verify: none, or spell out what you want instead of the provider\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    verify: {scheme: hmc}\n",
            "c.yaml:9:22: error: sources.github.verify.scheme: provider github, so changed: expected one of \"hmac\", "
      "\"digest\", \"ed25519\", \"ecdsa-p256\", \"rsa\", \"token\", \"basic\", \"jwt\", \"mtls\", \"none\", found string "
      "\"hmc\"\n"
      "    hint: did you mean \"hmac\"?\n" },
    { "    provider: github\n",
      "    verify: {scheme: hmac, hsh: sha256}\n",
      "c.yaml:8:28: error: sources.github.verify.hsh: unknown key \"hsh\"\n"
      "    hint: did you mean \"hash\"?\n" },
    { "    provider: github\n",
      "    verify: {scheme: hmac, hash: sha256, encoding: hex, signature: {in: header, name: X-S}, "
      "signed_content: [\"{bdy}\"]}\n"
      "    event: {type: x}\n",
      "c.yaml:8:110: error: sources.github.verify.signed_content[0]: template \"{bdy}\", character 1: "
      "unknown placeholder {bdy}; known are {body}, {timestamp}, {method}, {secret}, {url}, {url_port}, {url_noport}, "
      "{url_decoded}, {path_query}, {header:value}, {query:value}, {form:value}, {param:value}, {json:/pointer}, "
      "{item:/pointer}, {line:value}, {form_sorted}, {signed_headers:value}, {crc32_dec:value}, {hmac_hex:value}, "
      "{hmac_base64:value}\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    event: {type: \"x.{/k\"}\n",
      "c.yaml:9:12: error: sources.github.event: type: template \"x.{/k\", character 3: '{' without '}' "
      "(a plain brace is written twice: \"{{\")\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    on_invalid: held\n",
      "c.yaml:9:17: error: sources.github.on_invalid: expected one of \"hold\", \"reject\", \"accept\", "
      "found string \"held\"\n"
      "    hint: did you mean \"hold\"?\n" },
    { "    provider: github\n",
      "    provider: githb\n"
      "    on_invalid: held\n",
      "c.yaml:8:15: error: sources.github.provider: there is no provider \"githb\"\n"
      "    hint: did you mean \"github\"?\n"
      "c.yaml:9:17: error: sources.github.on_invalid: expected one of \"hold\", \"reject\", \"accept\", "
      "found string \"held\"\n"
      "    hint: did you mean \"hold\"?\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    on_unlisted: drop\n",
      "c.yaml:9:18: error: sources.github.on_unlisted: expected one of \"accept\", \"ignore\", "
      "\"hold\", \"reject\", found string \"drop\"\n"
      "    hint: known: accept, ignore, hold, reject\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    body_max: 64MiB\n",
      "c.yaml:9:15: error: sources.github.body_max: must be between 1KiB and 32MiB\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    body_max: 2Mb\n",
      "c.yaml:9:15: error: sources.github.body_max: must match the pattern "
      "\"^[0-9]{1,12}(B|kB|KB|MB|GB|KiB|MiB|GiB)?$\", found string \"2Mb\"\n"
      "    hint: a number with its unit (B, kB, MB, GB, KiB, MiB, GiB), or a whole number of bytes: 2MiB\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    allow_duplicate_keys: yes\n",
      "c.yaml:9:27: error: sources.github.allow_duplicate_keys: expected boolean, found string \"yes\"\n"
      "    hint: write true or false\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    dedupe: {by: id, window: 7 days}\n",
      "c.yaml:9:18: error: sources.github.dedupe.by: expected one of \"key+body\", \"key\", \"body\", "
      "\"none\", found string \"id\"\n"
      "    hint: known: key+body, key, body, none\n"
      "c.yaml:9:30: error: sources.github.dedupe.window: must match the pattern "
      "\"^[0-9]{1,9}(ms|s|m|h|d)$\", found string \"7 days\"\n"
      "    hint: a number with its unit (ms, s, m, h, d), or a whole number of seconds: 30s\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    answer: {status: 500}\n",
      "c.yaml:9:22: error: sources.github.answer.status: must be at most 299, found number 500\n"
      "    hint: for example 200\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    url: hooks.example.com\n",
      "c.yaml:9:10: error: sources.github.url: must match the pattern \"^https?://\", found string "
      "\"hooks.example.com\"\n"
      "    hint: for example \"https://hooks.example.com\"\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    split: events/*\n",
      "c.yaml:9:12: error: sources.github.split: must match the pattern \"^(none|(/[^/]*)+)$\", found string "
      "\"events/*\"\n"
      "    hint: a JSON Pointer such as /events/*, or none\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    split: /*\n"
      "    dedupe: {by: key}\n",
      "c.yaml:10:18: error: sources.github.dedupe.by: all events of a body have one key: all but the first would be lost as "
      "duplicates\n"
      "    hint: by: key+body, or event.dedupe with something of the item: \"{/id}\"\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    split: /*\n"
      "    event: {dedupe: \"{header:X-GitHub-Delivery}:{/id}\"}\n"
      "    dedupe: {by: key}\n",
      "" },
    { "    provider: github\n",
      "    provider: github\n"
      "    verify: {delivery_id: null}\n"
      "    dedupe: {by: key}\n",
      "c.yaml:10:18: warning: sources.github.dedupe.by: this sender's deliveries have no id, and event.dedupe names none: "
      "nothing is ever a duplicate\n"
      "    hint: dedupe: {by: body}, or event.dedupe: \"{/id}\"\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    data: text\n"
      "    split: /*\n"
      "    event: {dedupe: \"{/id}\"}\n",
      "c.yaml:9:11: error: sources.github.data: data: text has no schema: it is a string\n"
      "    hint: remove the schema from events, or data\n"
      "c.yaml:10:12: error: sources.github.split: data: text cannot be split\n"
      "    hint: remove it\n"
      "c.yaml:11:12: error: sources.github.event: data: text has no JSON to look into\n"
      "    hint: use {header:NAME} or {query:NAME}\n" },
    { "    provider: github\n",
      "    provider: github\n"
      "    event: {time: {in: item, name: at}}\n",
      "c.yaml:9:19: error: sources.github.event.time: JSON Pointer \"at\" must start with '/' (or be empty)\n" },
    { "github/push.schema.json",
      "github/psh.schema.json",
      "c.yaml:11:29: error: sources.github.events[\"github.push\"].schema: no schema folder has a file "
      "github/psh.schema.json\n"
      "    hint: did you mean \"github/push.schema.json\"?\n" },
    { "github/push.schema.json",
      "../x.json",
      "c.yaml:11:29: error: sources.github.events[\"github.push\"].schema: no schema folder has a file ../x.json\n"
      "    hint: write it as it is called within its folder: github/push.schema.json\n" },
    { "github.push: {",
      "\"github push\": {",
      "c.yaml:11:7: error: sources.github.events[\"github push\"]: pattern \"github push\": only "
      "letters, digits, _ - . : / and * are in event types\n"
      "    hint: for example github.push, github.*, or **\n" },
    { "github.push: {schema: github/push.schema.json}",
      "github.push: github/push.schema.json",
      "c.yaml:11:20: error: sources.github.events[\"github.push\"]: expected object or null, found "
      "string \"github/push.schema.json\"\n"
      "    hint: for example { \"schema\": \"github/push.schema.json\" }\n" },
    { "  github:\n",
      "  git hub:\n",
      "c.yaml:7:3: error: sources[\"git hub\"]: \"git hub\" is not a valid name\n"
      "    hint: a name has letters, digits, '.', '_' and '-', begins with a letter or digit, and is at "
      "most 64 long\n" },
    { "endpoint: demo",
      "endpoint: dmo",
      "c.yaml:15:38: error: workflows[0].steps[0].http.endpoint: there is no endpoint \"dmo\"\n"
      "    hint: did you mean \"demo\"?\n" },
    { "path: /p",
      "path: p",
      "c.yaml:15:50: error: workflows[0].steps[0].http.path: must match the pattern \"^/[!-~]*$\", "
      "found string \"p\"\n"
      "    hint: for example \"/build\"\n" },
    { "http: {",
      "htp: {",
      "c.yaml:15:21: error: workflows[0].steps[0].htp: unknown key \"htp\"\n"
      "    hint: did you mean \"http\"?\n" },
    { "http: {endpoint: demo, path: /p}",
      "plugin: {name: x}",
      "c.yaml:15:36: error: workflows[0].steps[0].plugin.name: there is no plugin \"x\": no x.so in plugin_path, beside the "
      "binary, or in " PKGLIBDIR "\n"
      "    hint: put it into one of plugin_path, or see \"hooklatch plugins\"\n" },
    { "http: {endpoint: demo, path: /p}",
      "plugin: {name: ../x}",
      "c.yaml:15:36: error: workflows[0].steps[0].plugin.name: must match the pattern \"^[a-z0-9][a-z0-9_-]{0,63}$\", found string "
      "\"../x\"\n"
      "    hint: for example \"jq\"\n" },
    { "http: {endpoint: demo, path: /p}",
      "http: {endpoint: demo}, plugin: {name: x}",
      "c.yaml:15:53: error: workflows[0].steps[0].plugin: a step does one thing, of http, exec and plugin\n"
      "    hint: make two steps of it\n" },
    { "http: {endpoint: demo, path: /p}",
      "timeout: 1s",
      "c.yaml:15:13: error: workflows[0].steps[0]: the step has nothing to do\n"
      "    hint: add http: {endpoint: …}, exec: {command: […]}, or plugin: {name: …}\n" },
    { "http: {endpoint: demo, path: /p}",
      "http: {endpoint: demo}, exec: {command: [/bin/true]}",
      "c.yaml:15:51: error: workflows[0].steps[0].exec: a step does one thing, of http, exec and plugin\n"
      "    hint: make two steps of it\n" },
    { "http: {endpoint: demo, path: /p}",
      "exec: {command: [/no/such/program], limits: {cpu: 10x, memory: 1MiB}}",
      "c.yaml:15:71: error: workflows[0].steps[0].exec.limits.cpu: must match the pattern \"^[0-9]{1,9}(ms|s|m|h|d)$\", found string \"10x\"\n"
      "    hint: a number with its unit (ms, s, m, h, d), or a whole number of seconds: 30s\n" },
    { "http: {endpoint: demo, path: /p}",
      "exec: {command: [no-such-program-at-all], user: no-such-user, dir: /no/such/dir, env: [A-B]}",
      "c.yaml:15:108: error: workflows[0].steps[0].exec.env[0]: must match the pattern \"^[A-Za-z_][A-Za-z0-9_]*$\", found string \"A-B\"\n" },
    { "http: {endpoint: demo, path: /p}",
      "exec: {command: [no-such-program-at-all], user: no-such-user, dir: /no/such/dir}",
      "c.yaml:15:38: error: workflows[0].steps[0].exec.command[0]: there is no program \"no-such-program-at-all\" in PATH\n"
      "    hint: install it, or write its whole path\n"
      "c.yaml:15:69: error: workflows[0].steps[0].exec.user: there is no user \"no-such-user\"\n"
      "    hint: for example nobody\n"
      "c.yaml:15:88: error: workflows[0].steps[0].exec.dir: there is no folder /no/such/dir\n"
      "    hint: make it, or name another one\n" },
    { "id: a, http: {endpoint: demo, path: /p}}]",
      "id: a, needs: [b], http: {endpoint: demo}}, {id: b, needs: [c], http: {endpoint: demo}}, "
      "{id: c, needs: [a], http: {endpoint: demo}}]",
      "c.yaml:15:28: error: workflows[0].steps[0].needs: steps need each other in a circle: a, which is needed by c, which is needed by b\n"
      "    hint: take one of them out of needs\n" },
    { "[{id: a, http: {endpoint: demo, path: /p}}]",
      "[{id: a, needs: [a], http: {endpoint: demo}}]",
      "c.yaml:15:28: error: workflows[0].steps[0].needs: step a needs itself\n"
      "    hint: take one of them out of needs\n" },
    { "[{id: a, http: {endpoint: demo, path: /p}}]",
      "[{id: price, http: {endpoint: demo}}, {id: b, needs: [prise, price, price], http: {endpoint: demo}}]",
      "c.yaml:15:66: error: workflows[0].steps[1].needs[0]: there is no step \"prise\" in this list\n"
      "    hint: did you mean \"price\"?\n"
      "c.yaml:15:80: error: workflows[0].steps[1].needs[2]: \"price\" is needed twice\n"
      "    hint: name it once\n" },
    { "[{id: a, http: {endpoint: demo, path: /p}}]",
      "[{id: a, http: {endpoint: demo}}, {id: b, needs: [], if: {/steps/a/x: 1, /event/id: 2}, "
      "input: \"{/steps/z}{/other}{/input/ok}{/event/id}\", http: {endpoint: demo}}]",
      "c.yaml:15:70: error: workflows[0].steps[1].if[\"/steps/a/x\"]: reads the output of \"a\", but does not wait for it\n"
      "    hint: add \"a\" to the step's needs\n"
      "c.yaml:15:85: error: workflows[0].steps[1].if[\"/event/id\"]: there is nothing of that name to read\n"
      "    hint: begin with /input or /steps/<step>\n"
      "c.yaml:15:107: error: workflows[0].steps[1].input: reads the output of \"z\", a step that there is not\n"
      "c.yaml:15:107: error: workflows[0].steps[1].input: there is nothing of that name to read\n"
      "    hint: begin with /event, /input or /steps/<step>\n" },
    { "[{id: a, http: {endpoint: demo, path: /p}}]",
      "[{id: a, http: {endpoint: demo}, input: {x: \"{/a\"}, output: {schema: {type: strin}}, "
      "retry: {on: [5xy, 200, never]}}]",
      "c.yaml:15:110: error: workflows[0].steps[0].retry.on[0]: must match the pattern \"^(timeout|error|[345]xx)$\", found string \"5xy\"\n"
      "    hint: timeout, error, 3xx, 4xx, 5xx, or a status from 300 to 599\n"
      "c.yaml:15:115: error: workflows[0].steps[0].retry.on[1]: must be at least 300, found number 200\n"
      "    hint: timeout, error, 3xx, 4xx, 5xx, or a status from 300 to 599\n"
      "c.yaml:15:120: error: workflows[0].steps[0].retry.on[2]: must match the pattern \"^(timeout|error|[345]xx)$\", found string \"never\"\n"
      "    hint: timeout, error, 3xx, 4xx, 5xx, or a status from 300 to 599\n" },
    { "[{id: a, http: {endpoint: demo, path: /p}}]",
      "[{id: a, http: {endpoint: demo}}]\n    deadline: 100ms\n    on_failure: [{id: f, needs: [a], "
      "input: \"{/steps/a/x}\", http: {endpoint: demo}}]",
      "c.yaml:16:15: error: workflows[0].deadline: must be between 1s and 30d\n"
      "c.yaml:17:34: error: workflows[0].on_failure[0].needs[0]: there is no step \"a\" in this list\n"
      "    hint: did you mean \"f\"?\n" },
    { "[{id: a, http: {endpoint: demo, path: /p}}]",
      "[]",
      "c.yaml:15:12: error: workflows[0].steps: must have at least 1 item, has 0\n"
      "    hint: for example [{ \"id\": \"build\", \"http\": { \"endpoint\": \"ci\" } }]\n" },
    { "/p}}]",
      "/p}}, {id: a, http: {endpoint: demo}}]",
      "c.yaml:15:61: error: workflows[0].steps[1].id: step id \"a\" is there twice\n"
      "    hint: give every step its own id\n" },
    { "/p}}]",
      "/p}, retry: {max: 0, base: 1x}, timeout: 2d}]",
      "c.yaml:15:68: error: workflows[0].steps[0].retry.max: must be at least 1, found number 0\n"
      "    hint: for example 8\n"
      "c.yaml:15:77: error: workflows[0].steps[0].retry.base: must match the pattern "
      "\"^[0-9]{1,9}(ms|s|m|h|d)$\", found string \"1x\"\n"
      "    hint: a number with its unit (ms, s, m, h, d), or a whole number of seconds: 30s\n" },
    { "/p}}]",
      "/p}, timeout: 2d}]",
      "c.yaml:15:64: error: workflows[0].steps[0].timeout: must be between 10ms and 1h\n" },
    { "on: github.push",
      "on: {event: github.push, match: {ref: x}}",
      "c.yaml:14:43: error: workflows[0].on.match.ref: JSON Pointer \"ref\" must start with '/' (or be empty)\n"
      "    hint: a JSON Pointer begins with \"/\": /repository/name\n" },
    { "on: github.push",
      "on: {event: github.push, match: {/ref: {gtt: 3}}}",
      "c.yaml:14:45: error: workflows[0].on.match[\"/ref\"].gtt: unknown condition \"gtt\"\n"
      "    hint: known: eq, in, not, gt, gte, lt, lte, glob, exists\n" },
    { "on: github.push",
      "on: {event: github.push, when: {schema: {properties: {a: {type: string}}}}}",
      "c.yaml:14:45: warning: workflows[0].on.when.schema: the schema accepts {}, data without anything in it\n"
      "    hint: add what must be there: required: […]\n" },
    { "on: github.push",
      "on: {event: github.push, when: {schema: {properties: {a: {type: strng}}}}}",
      "c.yaml:14:45: error: workflows[0].on.when.schema: when of workflow w#/properties/a/type: must be, "
      "or list, some of: null, boolean, integer, number, string, array, object; found \"strng\"; did you mean "
      "\"string\"?\n" },
    { "on: github.push",
      "on: \"github push\"",
      "c.yaml:14:9: error: workflows[0].on: pattern \"github push\": only letters, digits, _ - . : / and "
      "* are in event types\n"
      "    hint: for example github.push, github.*, or **\n" },
    { "store:",
      "limits: {body: 1GiB, connections: many, json_dept: 3}\n"
      "store:",
      "c.yaml:2:16: error: limits.body: must be between 1KiB and 32MiB\n"
      "c.yaml:2:35: error: limits.connections: expected integer, found string \"many\"\n"
      "    hint: for example 12000\n"
      "c.yaml:2:41: error: limits.json_dept: unknown key \"json_dept\"\n"
      "    hint: did you mean \"json_depth\"?\n" },
    { "store:",
      "log: {level: verbose}\n"
      "threads: 0\n"
      "public_url: {ingest: \"https://x/?y\"}\n"
      "store:",
      "c.yaml:2:14: error: log.level: expected one of \"error\", \"warn\", \"info\", \"debug\", found "
      "string \"verbose\"\n"
      "    hint: known: error, warn, info, debug\n"
      "c.yaml:3:10: error: threads: must be at least 1, found number 0\n"
      "    hint: for example 2\n"
      "c.yaml:4:22: error: public_url.ingest: a public URL with a query\n"
      "    hint: paths are put after it\n" },
    { "workflows:\n",
      "workflow:\n",
      "c.yaml:12:1: error: workflow: unknown key \"workflow\"\n"
      "    hint: did you mean \"workflows\"?\n" },
    { "[schemas]",
      "[/nonexistent]",
      "c.yaml:3:11: error: schemas[0]: the folder /nonexistent: No such file or directory\n"
      "c.yaml:11:29: error: sources.github.events[\"github.push\"].schema: no schema folder has a file "
      "github/push.schema.json\n"
      "    hint: name the folders first: schemas: [schemas]\n" },
    { "    secrets: [{value: abc}]\n"
      "    events",
      "    secrets: [{value: \"\"}]\n"
      "    events",
      "c.yaml:9:15: error: sources.github.secrets[0]: the secret value is empty\n" },
    { "listen:",
      "sources: {}\n"
      "listen:",
      "c.yaml:7:1: error: key \"sources\" is there twice: on line 1 and on line 7\n"
      "    hint: remove one of the two\n" },
    { "/p}}]",
      "/p}, retry: {base: 2h, cap: 1h}}]",
      "c.yaml:15:78: error: workflows[0].steps[0].retry.cap: must be between base and 7d\n" },
    { "  - id: w\n",
      "  - id: w\n"
      "    needs: []\n",
      "c.yaml:14:5: error: workflows[0].needs: unknown key \"needs\"\n"
      "    hint: known: id, description, on, steps, on_failure, deadline\n" },
    { "workflows:\n",
      "workflows:\n"
      "  - {id: w, on: x, steps: [{id: a, http: {endpoint: demo}}]}\n",
      "c.yaml:14:9: error: workflows[1].id: workflow id \"w\" is there twice\n"
      "    hint: give every workflow its own id\n" },
    { "store: \"sqlite:x.db\"",
      "store: \"sqlite:x.db\"\n"
      "limits: {body: 0123}",
      "c.yaml:3:16: error: a number with a leading zero\n"
      "    hint: write it without the leading zero, or in quotes where text is meant\n" },
    { "store: \"sqlite:x.db\"",
      "store: \"sqlite:x.db\"\n"
      "limits: {body: 32MiB, bodies_in_flight: 1MiB}",
      "c.yaml:3:9: error: limits: bodies_in_flight is less than one body\n"
      "    hint: raise bodies_in_flight, or lower body\n" },
    { "provider: github",
      "provder: github\n"
      "    on_invalid: drop\n"
      "    body_max: big",
      "c.yaml:8:5: error: sources.github.provder: unknown key \"provder\"\n"
      "    hint: did you mean \"provider\"?\n"
      "c.yaml:9:17: error: sources.github.on_invalid: expected one of \"hold\", \"reject\", \"accept\", "
      "found string \"drop\"\n"
      "    hint: known: hold, reject, accept\n"
      "c.yaml:10:15: error: sources.github.body_max: must match the pattern "
      "\"^[0-9]{1,12}(B|kB|KB|MB|GB|KiB|MiB|GiB)?$\", found string \"big\"\n"
      "    hint: a number with its unit (B, kB, MB, GB, KiB, MiB, GiB), or a whole number of bytes: 2MiB\n" },
    { "provider: github\n",
      "provider: github\n"
      "    answer: {body: ok}\n",
      "c.yaml:9:13: error: sources.github.answer: required property \"status\" is missing\n"
      "    hint: for example { \"status\": 204 }\n" },
};

static void write_changed(const struct change *c)
{
    const char *at = strstr(base, c->from);
    struct buf text;

    assert_non_null(at);
    buf_init(&text, 65536);
    buf_put(&text, slice_of(base, (size_t)(at - base)));
    buf_puts(&text, c->to);
    buf_puts(&text, at + strlen(c->from));
    folder_write("c.yaml", buf_slice(&text));
    buf_clear(&text);
}

static void test_nothing_is_said_of_the_good_one(void **state)
{
    struct buf said;

    (void)state;
    buf_init(&said, 65536);
    folder_write("c.yaml", slice_z(base));
    struct plan *p = folder_load("c.yaml", &said);
    assert_string_equal(text_of(&said), "");
    plan_unref(p);
    buf_clear(&said);
}

static void test_every_change_is_explained(void **state)
{
    struct buf said;

    (void)state;
    buf_init(&said, 65536);
    unsetenv("NOT_SET_X");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_changed(&changes[i]);
        struct plan *p = folder_load("c.yaml", &said);
        assert_string_equal(text_of(&said), changes[i].said);
        plan_unref(p);
    }
    buf_clear(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_said_of_the_good_one),
        cmocka_unit_test(test_every_change_is_explained),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
