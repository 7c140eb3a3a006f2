#include "json.h"

#include <cctype>
#include <cstdio>
#include <stdexcept>

namespace {

class Parser {
 public:
  explicit Parser(const Bytes& text) : at(text.data()), end(text.data() + text.size()) {}

  std::map<std::string, std::string> document() {
    std::map<std::string, std::string> members;
    object(&members);
    space();
    if (at != end) fail();
    return members;
  }

 private:
  const uint8_t *at, *end;
  int depth = 0;

  [[noreturn]] static void fail() { throw std::invalid_argument("not the JSON of a job"); }
  void space() {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
  }
  uint8_t next() {
    if (at == end) fail();
    return *at++;
  }
  bool take(char c) {
    space();
    if (at == end || *at != c) return false;
    at++;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail();
  }
  void deeper() {
    if (++depth > 32) fail();
  }

  void object(std::map<std::string, std::string>* members) {
    deeper();
    expect('{');
    if (!take('}')) {
      do {
        space();
        const std::string name = string();
        expect(':');
        space();
        if (members != nullptr && at != end && *at == '"') {
          if (!members->emplace(name, string()).second) fail();
        } else {
          value();
        }
      } while (take(','));
      expect('}');
    }
    depth--;
  }
  void array() {
    deeper();
    expect('[');
    if (!take(']')) {
      do value();
      while (take(','));
      expect(']');
    }
    depth--;
  }
  void value() {
    space();
    if (at == end) fail();
    if (*at == '{') return object(nullptr);
    if (*at == '[') return array();
    if (*at == '"') {
      string();
      return;
    }
    const uint8_t* start = at;
    while (at != end && (std::isalnum(*at) || *at == '-' || *at == '+' || *at == '.')) at++;
    if (at == start) fail();
  }
  std::string string() {
    if (next() != '"') fail();
    std::string out;
    for (uint8_t c = next(); c != '"'; c = next()) {
      if (c < 0x20) fail();
      if (c != '\\') {
        out.push_back((char)c);
        continue;
      }
      const uint8_t escape = next();
      const std::string from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
      if (escape == 'u') {
        unsigned code = 0;
        for (int i = 0; i < 4; i++) {
          const uint8_t digit = next();
          if (!std::isxdigit(digit)) fail();
          code = code * 16 + (digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
        }
        // Nothing that a prover reads holds more than ASCII.
        out.push_back(code < 0x80 ? (char)code : '?');
      } else if (const size_t i = from.find((char)escape); i != std::string::npos) {
        out.push_back(to[i]);
      } else {
        fail();
      }
    }
    return out;
  }
};

}  // namespace

std::map<std::string, std::string> stringMembers(const Bytes& text) { return Parser(text).document(); }

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if ((unsigned char)c < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}
