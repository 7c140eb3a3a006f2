#include "job.h"

#include <algorithm>
#include <iostream>
#include <new>

#include "json.h"

static int digitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Bytes fromHex(const std::string& text, size_t size, const char* what) {
  Bytes out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = digitOf(text[i]), low = digitOf(text[i + 1]);
    if (high < 0 || low < 0) break;
    out.push_back((uint8_t)(high << 4 | low));
  }
  if (out.size() != size || text.size() != 2 * size)
    throw JobError(std::string(what) + " is not " + std::to_string(size) + " bytes in hexadecimal");
  return out;
}

// A "0x" number of a job as a word: `size` bytes, at the low end.
static Digest wordOf(const std::map<std::string, std::string>& job, const char* name, size_t size) {
  const auto it = job.find(name);
  if (it == job.end() || it->second.substr(0, 2) != "0x") throw JobError(std::string("the job names no ") + name);
  const Bytes bytes = fromHex(it->second.substr(2), size, name);
  Digest word{};
  std::copy(bytes.begin(), bytes.end(), word.end() - (long)size);
  return word;
}

int runJob(const std::function<Bytes(const Context&)>& prove) {
  const auto job = stringMembers(readFile("/in/job.json"));
  const auto nonce = job.find("nonce");
  if (nonce == job.end()) throw std::invalid_argument("the job has no nonce");
  std::string error;
  Bytes proof;
  try {
    if (job.count("role") == 0 || job.at("role") != "prove") throw JobError("this program only proves");
    proof = prove({wordOf(job, "workload", 32), wordOf(job, "prover", 20)});
  } catch (const std::bad_alloc&) {
    error = "not enough memory";
  } catch (const std::exception& e) {
    error = e.what();
  }
  std::string result = "{\"schema\":\"gevulot/result@1\",\"nonce\":" + quoted(nonce->second);
  if (error.empty()) {
    writeFile("/out/proof", proof);
    const Digest digest = sha256(proof);
    result += ",\"status\":\"ok\",\"files\":[{\"name\":\"proof\",\"size\":" + std::to_string(proof.size()) +
              ",\"sha256\":\"" + hex(digest.data(), digest.size()) + "\"}]}";
  } else {
    std::cerr << error << '\n';
    result += ",\"status\":\"error\",\"error\":" + quoted(error) + ",\"files\":[]}";
  }
  writeFile("/out/result.json", Bytes(result.begin(), result.end()));
  return 0;
}
