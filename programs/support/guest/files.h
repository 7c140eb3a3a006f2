// Files of a guest, and what is said when one is wrong.
#pragma once

#include <cstring>
#include <map>
#include <stdexcept>
#include <string>

#include "field.h"

// What is wrong with a job or a package, in words for whoever reads result.json.
struct JobError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Bytes readFile(const std::string& path);
bool exists(const std::string& path);
void writeFile(const std::string& path, const Bytes& content);

// Reads numbers of a file one after the other and refuses to run past the end. `what` names the file in errors.
class Reader {
 public:
  Reader(const char* what, const Bytes& file) : Reader(what, file.data(), file.size()) {}
  Reader(const char* what, const uint8_t* begin, size_t size) : what(what), at(begin), end(begin + size) {}

  uint64_t little(size_t bytes) {
    const uint8_t* p = take(bytes);
    uint64_t n = 0;
    for (size_t i = bytes; i-- > 0;) n = n << 8 | p[i];
    return n;
  }
  uint64_t big(size_t bytes) {
    const uint8_t* p = take(bytes);
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++) n = n << 8 | p[i];
    return n;
  }
  template <class F>
  F field(bool littleEndian) {
    F out;
    if (!F::read(take(F::size), littleEndian, out)) fail("holds a number outside the field");
    return out;
  }
  const uint8_t* take(size_t bytes) {
    if ((size_t)(end - at) < bytes) fail("is truncated");
    at += bytes;
    return at - bytes;
  }
  void expect(const char* magic) {
    if (std::memcmp(take(std::strlen(magic)), magic, std::strlen(magic)) != 0) fail("has another format");
  }
  size_t count(uint64_t n, size_t limit) {
    if (n > limit) fail("is too large");
    return (size_t)n;
  }
  void finish() {
    if (at != end) fail("has bytes left over");
  }
  // The sections of one of iden3's binary files.
  std::map<uint32_t, Reader> sections() {
    std::map<uint32_t, Reader> found;
    for (size_t left = count(little(4), 64); left > 0; left--) {
      const uint32_t id = (uint32_t)little(4);
      const size_t size = (size_t)little(8);
      if (!found.emplace(id, Reader(what, take(size), size)).second) fail("has a section twice");
    }
    finish();
    return found;
  }
  Reader& section(std::map<uint32_t, Reader>& found, uint32_t id) {
    const auto it = found.find(id);
    if (it == found.end()) fail("lacks a section");
    return it->second;
  }
  [[noreturn]] void fail(const char* why) const { throw JobError(std::string("the ") + what + " " + why); }

 private:
  const char* what;
  const uint8_t *at, *end;
};
