/*
 * A small real prover: finds eight bytes that, hashed behind /in/public_inputs with SHA-256, give twelve leading zero bits
 * (contracts/verifiers/hashcash/HashcashVerifier.sol). argv[1]: the least time to take, in tenths of a second.
 *
 * It uses no library, not even C's: what the SDK's package carries of it is ours alone. x86-64 Linux, see start() at the end.
 */
#include <stddef.h>
#include <stdint.h>

enum { READ = 0, WRITE = 1, OPEN = 2, CLOSE = 3, NANOSLEEP = 35, EXIT = 231 };
enum { CREATE_AND_WRITE = 0101 };

static long call(long number, long a, long b, long c) {
    long answer;
    __asm__ volatile("syscall" : "=a"(answer) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return answer;
}

static void stop(int code) {
    for (;;) call(EXIT, code, 0, 0);
}

/* The compiler calls these for copies and zeroed arrays. */
void *memcpy(void *to, const void *from, size_t size) {
    for (size_t i = 0; i < size; i++) ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *at, int value, size_t size) {
    for (size_t i = 0; i < size; i++) ((char *)at)[i] = (char)value;
    return at;
}

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void block(uint32_t h[8], const uint8_t *data) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)data[4 * i] << 24 | data[4 * i + 1] << 16 | data[4 * i + 2] << 8 | data[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t e = s[4], a = s[0];
        uint32_t one = s[7] + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + K[i] + w[i];
        uint32_t two = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        for (int j = 7; j > 0; j--) s[j] = s[j - 1];
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
}

static void sha256(const uint8_t *data, size_t size, uint8_t out[32]) {
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t last[128] = {0};
    size_t whole = size / 64 * 64, rest = size - whole, end = rest < 56 ? 64 : 128;
    for (size_t at = 0; at < whole; at += 64) block(h, data + at);
    memcpy(last, data + whole, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++) last[end - 1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    for (size_t at = 0; at < end; at += 64) block(h, last + at);
    for (int i = 0; i < 32; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static size_t read_file(const char *path, void *into, size_t room) {
    long file = call(OPEN, (long)path, 0, 0);
    if (file < 0) stop(90);
    size_t size = 0;
    for (long n; size < room && (n = call(READ, file, (long)into + (long)size, (long)(room - size))) != 0; size += (size_t)n)
        if (n < 0) stop(90);
    call(CLOSE, file, 0, 0);
    return size;
}

static void write_all(long file, const void *data, size_t size) {
    for (long n; size > 0; data = (const char *)data + n, size -= (size_t)n)
        if ((n = call(WRITE, file, (long)data, (long)size)) <= 0) stop(91);
}

static void write_file(const char *path, const void *data, size_t size) {
    long file = call(OPEN, (long)path, CREATE_AND_WRITE, 0644);
    if (file < 0) stop(91);
    write_all(file, data, size);
    call(CLOSE, file, 0, 0);
}

/* Appends a text; answers where the next one goes. */
static char *add(char *at, const char *text) {
    while (*text) *at++ = *text++;
    return at;
}

/* The nonce of the job, 1 to 128 hexadecimal digits. */
static void read_nonce(const char *job, char nonce[129]) {
    static const char name[] = "\"nonce\":\"";
    size_t matched = 0, size = 0;
    while (*job && matched < sizeof name - 1) matched = *job == name[matched] ? matched + 1 : *job == name[0], job++;
    for (; size < 128 && ((*job >= '0' && *job <= '9') || (*job >= 'a' && *job <= 'f')); job++) nonce[size++] = *job;
    if (size == 0) stop(92);
}

static void wait_tenths(const char *number) {
    long tenths = 0;
    while (number && *number >= '0' && *number <= '9') tenths = 10 * tenths + (*number++ - '0');
    long pause[2] = {tenths / 10, tenths % 10 * 100000000L};
    if (tenths > 0) call(NANOSLEEP, (long)pause, 0, 0);
}

static void prove(const char *least_tenths) {
    static char job[65536], nonce[129], result[1024];
    static uint8_t statement[4096 + 8];
    static const char log[] = "found a proof\n";
    wait_tenths(least_tenths);
    job[read_file("/in/job.json", job, sizeof job - 1)] = 0;
    read_nonce(job, nonce);
    size_t size = read_file("/in/public_inputs", statement, 4096);
    uint8_t digest[32], *proof = statement + size;
    for (uint64_t number = 0;; number++) {
        memcpy(proof, &number, 8);
        sha256(statement, size + 8, digest);
        if (digest[0] == 0 && digest[1] < 16) break;
    }
    write_all(1, log, sizeof log - 1);
    write_file("/out/proof", proof, 8);
    sha256(proof, 8, digest);
    char *end = add(result, "{\"schema\":\"gevulot/result@1\",\"nonce\":\"");
    end = add(add(end, nonce), "\",\"status\":\"ok\",\"error\":\"\",\"files\":[{\"name\":\"proof\",\"size\":8,\"sha256\":\"");
    for (int i = 0; i < 64; i++) *end++ = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    end = add(end, "\"}]}");
    write_file("/out/result.json", result, (size_t)(end - result));
}

/* The kernel puts argc and argv on the stack. */
__attribute__((used)) static void start(long *stack) {
    prove(stack[0] > 1 ? ((char **)(stack + 1))[1] : 0);
    stop(0);
}

__asm__(".globl _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n");
