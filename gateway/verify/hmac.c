#include "verify/hmac.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

#define BLOCK_MAX 128

const struct hash hash_all[HASH_N] = {
    [HASH_SHA1] = { "sha1", 20, 64 },
    [HASH_SHA256] = { "sha256", 32, 64 },
    [HASH_SHA384] = { "sha384", 48, 128 },
    [HASH_SHA512] = { "sha512", 64, 128 },
};

/* Fetched once for the process: a fetch costs more than hashing a webhook. */
static EVP_MD *fetched[HASH_N];

static void fetch_all(void)
{
    for (int i = 0; i < HASH_N; i++)
        fetched[i] = EVP_MD_fetch(NULL, hash_all[i].name, NULL);
}

static const EVP_MD *md_of(const struct hash *h)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fetch_all);
    return fetched[h - hash_all];
}

const struct hash *hash_find(struct slice name)
{
    for (int i = 0; i < HASH_N; i++)
        if (slice_eq_z(name, hash_all[i].name))
            return &hash_all[i];
    return NULL;
}

struct hmac_key {
    EVP_MD_CTX *inner, *outer; /* after the block of key ^ ipad, key ^ opad */
    bool ok;
};

struct hmac {
    EVP_MD_CTX *ctx;
    const struct hmac_key *key; /* NULL: a plain hash */
    bool ok;
};

static bool start_state(EVP_MD_CTX *ctx, const EVP_MD *md, const unsigned char *block, size_t len, unsigned char pad)
{
    unsigned char padded[BLOCK_MAX];
    for (size_t i = 0; i < len; i++)
        padded[i] = block[i] ^ pad;
    bool ok = EVP_DigestInit_ex2(ctx, md, NULL) == 1 && EVP_DigestUpdate(ctx, padded, len) == 1;
    mem_wipe(padded, sizeof padded);
    return ok;
}

struct hmac_key *hmac_key_new(const struct hash *h, struct slice key)
{
    struct hmac_key *k = mem_zalloc(sizeof *k);
    const EVP_MD *md = md_of(h);
    unsigned char block[BLOCK_MAX] = { 0 };

    k->inner = EVP_MD_CTX_new();
    k->outer = EVP_MD_CTX_new();
    k->ok = k->inner && k->outer && md;
    if (k->ok && key.len > h->block)
        k->ok = EVP_Digest(key.ptr, key.len, block, NULL, md, NULL) == 1;
    else if (key.len <= h->block && key.len > 0)
        memcpy(block, key.ptr, key.len);
    k->ok = k->ok && start_state(k->inner, md, block, h->block, 0x36) &&
            start_state(k->outer, md, block, h->block, 0x5c);
    mem_wipe(block, sizeof block);
    return k;
}

void hmac_key_free(struct hmac_key *k)
{
    if (!k)
        return;
    EVP_MD_CTX_free(k->inner); /* OpenSSL wipes the states */
    EVP_MD_CTX_free(k->outer);
    free(k);
}

struct hmac *hmac_new(void)
{
    struct hmac *h = mem_zalloc(sizeof *h);
    h->ctx = EVP_MD_CTX_new();
    return h;
}

void hmac_free(struct hmac *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    free(h);
}

void hmac_start(struct hmac *h, const struct hmac_key *key)
{
    h->key = key;
    h->ok = h->ctx && key->ok && EVP_MD_CTX_copy_ex(h->ctx, key->inner) == 1;
}

void hmac_start_hash(struct hmac *h, const struct hash *hash)
{
    const EVP_MD *md = md_of(hash);
    h->key = NULL;
    h->ok = h->ctx && md && EVP_DigestInit_ex2(h->ctx, md, NULL) == 1;
}

void hmac_update(struct hmac *h, struct slice piece)
{
    h->ok = h->ok && (piece.len == 0 || EVP_DigestUpdate(h->ctx, piece.ptr, piece.len) == 1);
}

size_t hmac_end(struct hmac *h, unsigned char out[HASH_MAX_BYTES])
{
    unsigned int len = 0;
    h->ok = h->ok && EVP_DigestFinal_ex(h->ctx, out, &len) == 1;
    if (h->key)
        h->ok = h->ok && EVP_MD_CTX_copy_ex(h->ctx, h->key->outer) == 1 && EVP_DigestUpdate(h->ctx, out, len) == 1 &&
                EVP_DigestFinal_ex(h->ctx, out, &len) == 1;
    return h->ok ? len : 0;
}

size_t hash_of(const struct hash *h, struct slice piece, unsigned char out[HASH_MAX_BYTES])
{
    const EVP_MD *md = md_of(h);
    unsigned int len = 0;
    return md && EVP_Digest(piece.ptr, piece.len, out, &len, md, NULL) == 1 ? len : 0;
}
