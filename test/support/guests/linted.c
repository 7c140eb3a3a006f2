/*
 * A prover and verifier for the linter, sound unless told otherwise: the proof is a keyed sum over public inputs, workload and prover, in
 * 64 bytes. Words behind `prove` or `verify` plant one fault each. Exit code 0 is ok or valid, 1 invalid.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUM = 64, ROOM = 65536 };

static int count;
static char **words;

static int told(const char *word) {
    for (int i = 2; i < count; i++)
        if (!strcmp(words[i], word)) return 1;
    return 0;
}

static size_t read_file(const char *path, uint8_t *into) {
    FILE *file = fopen(path, "rb");
    if (!file) exit(90);
    size_t size = fread(into, 1, ROOM - 1, file);
    fclose(file);
    return size;
}

static uint64_t state[SUM / 8];

static void absorb(const void *data, size_t size) {
    for (size_t at = 0; at < size; at++)
        for (int lane = 0; lane < SUM / 8; lane++) {
            state[lane] = (state[lane] ^ ((const uint8_t *)data)[at] ^ (uint64_t)lane << 8) * 0x100000001b3u;
            state[lane] ^= state[lane] >> 29;
        }
}

static void absorb_member(const char *job, const char *name) {
    const char *at = strstr(job, name);
    if (!at) exit(92);
    at += strlen(name);
    absorb(at, strcspn(at, "\""));
}

static void sum(const uint8_t *key, size_t size) {
    static uint8_t job[ROOM], inputs[ROOM];
    absorb(key, size);
    job[read_file("/in/job.json", job)] = 0;
    size_t length = read_file("/in/public_inputs", inputs);
    if (!told("ignore-inputs")) absorb(inputs, told("ignore-word") ? length - 32 : length);
    if (!told("ignore-context")) {
        absorb_member((char *)job, "\"workload\":\"");
        absorb_member((char *)job, "\"prover\":\"");
    }
}

int main(int argc, char **argv) {
    static uint8_t key[ROOM], proof[ROOM];
    count = argc;
    words = argv;
    const char *place = "/app/verifying.key";
    if (told("key-from-input")) place = "/in/vk";
    if (told("key-from-circuit")) place = "/in/circuit";
    size_t size = read_file(place, key);
    if (told("hungry")) {
        memset(malloc(200 << 20), 1, 200 << 20);
        // Memory is measured now and then, on a busy machine seldom.
        sleep(2);
    }
    if (!strcmp(argv[1], "prove")) {
        if (told("broken")) return 3;
        sum(key, size);
        FILE *file = fopen("/out/proof", "wb");
        fwrite(state, 1, SUM, file);
        if (told("key-in-proof")) fwrite(key, 1, size, file);
        return fclose(file);
    }
    size_t length = read_file("/in/proof", proof);
    if (told("key-in-proof")) {
        if (length < SUM) return 1;
        size = length - SUM;
        memcpy(key, proof + SUM, size);
    } else if (length != SUM) {
        if (told("crash")) abort();
        if (!told("any-length") || length < SUM) return 1;
    }
    sum(key, size);
    return memcmp(state, proof, told("half") ? SUM / 2 : SUM) ? 1 : 0;
}
