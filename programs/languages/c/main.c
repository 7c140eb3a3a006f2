// Four hash chains, a thread each: the job of ../chains.ts in C.
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sha256.h"

enum { LANES = 4, WORD = 32 };

static char nonce[129];
static uint8_t input[2 * WORD + 1], proof[LANES * WORD];
static uint64_t steps;

// The value of "nonce" in the job. The runtime writes it without white space, and a quotation mark within a string has a
// backslash before it, so these bytes stand nowhere else.
static int readNonce(void) {
  static char text[1 << 20];
  FILE *file = fopen("/in/job.json", "rb");
  if (file == NULL) return 0;
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  const char *at = strstr(text, "\"nonce\":\"");
  return at != NULL && sscanf(at, "\"nonce\":\"%128[0-9a-f]\"", nonce) == 1;
}

// The last thing a program does. Prints the rest of the object behind schema and nonce; returns the exit code.
static int answer(const char *rest, ...) {
  FILE *file = fopen("/out/result.json", "wb");
  if (file == NULL) return 1;
  va_list args;
  va_start(args, rest);
  fprintf(file, "{\"schema\":\"gevulot/result@1\",\"nonce\":\"%s\",", nonce);
  vfprintf(file, rest, args);
  va_end(args);
  return fclose(file) == 0 ? 0 : 1;
}

static int fail(const char *why) {
  fprintf(stderr, "%s\n", why);
  return answer("\"status\":\"error\",\"error\":\"%s\",\"files\":[]}", why);
}

static void *lane(void *number) {
  const size_t index = (size_t)number;
  uint8_t first[WORD + 1], *end = proof + index * WORD;
  memcpy(first, input, WORD);
  first[WORD] = (uint8_t)index;
  sha256(first, sizeof first, end);
  for (uint64_t step = 1; step < steps; step++) sha256(end, WORD, end);
  return NULL;
}

int main(void) {
  if (!readNonce()) return 1;
  FILE *file = fopen("/in/public_inputs", "rb");
  if (file == NULL) return fail("the file /in/public_inputs is missing");
  const size_t size = fread(input, 1, sizeof input, file);
  fclose(file);
  if (size != 2 * WORD) return fail("public_inputs is not two words of 32 bytes");
  for (int i = WORD; i < 2 * WORD; i++) {
    if (steps >> 32) return fail("the number of steps is not 1 to 2^32 - 1");
    steps = steps << 8 | input[i];
  }
  if (steps == 0 || steps >> 32) return fail("the number of steps is not 1 to 2^32 - 1");
  pthread_t threads[LANES];
  for (size_t i = 0; i < LANES; i++) {
    if (pthread_create(&threads[i], NULL, lane, (void *)i) != 0) return fail("no thread is to be had");
  }
  for (size_t i = 0; i < LANES; i++) pthread_join(threads[i], NULL);
  printf("C: %d lanes, %d threads\n", LANES, LANES);

  file = fopen("/out/proof", "wb");
  if (file == NULL || fwrite(proof, sizeof proof, 1, file) != 1 || fclose(file) != 0) return 1;
  uint8_t digest[32];
  char hex[65];
  sha256(proof, sizeof proof, digest);
  for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  return answer("\"status\":\"ok\",\"files\":[{\"name\":\"proof\",\"size\":%zu,\"sha256\":\"%s\"}]}", sizeof proof, hex);
}
