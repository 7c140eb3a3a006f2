#include "hash.h"

#include <bit>
#include <cmath>
#include <cstring>

// Keccak-f[1600]; round constants and offsets come from their definitions (FIPS 202, 3.2) instead of a table.
static void permute(uint64_t (&a)[25]) {
  uint8_t lfsr = 1;
  for (int round = 0; round < 24; round++) {
    uint64_t c[5];
    for (int x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int x = 0; x < 5; x++) {
      const uint64_t d = c[(x + 4) % 5] ^ std::rotl(c[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
    int x = 1, y = 0;
    uint64_t current = a[1];
    for (int t = 0; t < 24; t++) {
      const int next = (2 * x + 3 * y) % 5;
      x = y;
      y = next;
      std::swap(current, a[x + 5 * y]);
      a[x + 5 * y] = std::rotl(a[x + 5 * y], (t + 1) * (t + 2) / 2 % 64);
    }
    for (int row = 0; row < 25; row += 5) {
      uint64_t b[5];
      std::memcpy(b, a + row, sizeof b);
      for (int i = 0; i < 5; i++) a[row + i] = b[i] ^ (~b[(i + 1) % 5] & b[(i + 2) % 5]);
    }
    for (int j = 0; j < 7; j++) {
      if (lfsr & 1) a[0] ^= 1ull << ((1 << j) - 1);
      lfsr = (uint8_t)(lfsr << 1 ^ (lfsr >> 7) * 0x71);
    }
  }
}

Digest keccak256(const Bytes& message) {
  constexpr size_t rate = 136;
  Bytes padded = message;
  padded.push_back(0x01);
  padded.resize((padded.size() + rate - 1) / rate * rate);
  padded.back() |= 0x80;
  uint64_t state[25] = {};
  for (size_t at = 0; at < padded.size(); at += rate) {
    for (size_t i = 0; i < rate; i++) state[i / 8] ^= (uint64_t)padded[at + i] << (8 * (i % 8));
    permute(state);
  }
  Digest out;
  for (size_t i = 0; i < 32; i++) out[i] = (uint8_t)(state[i / 8] >> (8 * (i % 8)));
  return out;
}

// The first 32 bits of the fractional part of a root (FIPS 180-4, 4.2.2 and 5.3.3); long double has bits to spare.
static uint32_t fraction(long double root) { return (uint32_t)((root - std::floor(root)) * 4294967296.0L); }

Digest sha256(const Bytes& message) {
  uint32_t k[64], h[8];
  int found = 0;
  for (int candidate = 2; found < 64; candidate++) {
    bool prime = true;
    for (int d = 2; d * d <= candidate; d++) prime = prime && candidate % d != 0;
    if (!prime) continue;
    k[found] = fraction(std::cbrt((long double)candidate));
    if (found < 8) h[found] = fraction(std::sqrt((long double)candidate));
    found++;
  }

  Bytes padded = message;
  padded.push_back(0x80);
  while (padded.size() % 64 != 56) padded.push_back(0);
  for (int i = 7; i >= 0; i--) padded.push_back((uint8_t)((uint64_t)message.size() * 8 >> (8 * i)));
  for (size_t at = 0; at < padded.size(); at += 64) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
      const uint8_t* p = &padded[at + 4 * i];
      w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    for (int i = 16; i < 64; i++) {
      const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
      const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t s[8];
    std::memcpy(s, h, sizeof s);
    for (int i = 0; i < 64; i++) {
      const uint32_t e = std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25);
      const uint32_t t1 = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
      const uint32_t a = std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22);
      const uint32_t t2 = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
      std::memmove(s + 1, s, 7 * sizeof *s);
      s[4] += t1;
      s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
  }
  Digest out;
  for (int i = 0; i < 32; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
  return out;
}

std::string hex(const uint8_t* bytes, size_t size) {
  std::string out;
  for (size_t i = 0; i < size; i++) {
    for (const int shift : {4, 0}) out.push_back("0123456789abcdef"[bytes[i] >> shift & 15]);
  }
  return out;
}
