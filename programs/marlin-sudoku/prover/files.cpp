#include "files.h"

#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <map>

static constexpr size_t LARGEST_FILE = 256u << 20;
static constexpr size_t LARGEST_CIRCUIT = 1u << 20;
static constexpr char PARAMETERS_MAGIC[] = "MARLINP1";

bool exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

Bytes readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw JobError("the file " + path + " is missing");
  const auto size = in.tellg();
  if (size < 0 || (size_t)size > LARGEST_FILE) throw JobError("the file " + path + " is too large");
  Bytes content((size_t)size);
  in.seekg(0);
  in.read((char*)content.data(), size);
  if (!in) throw JobError("the file " + path + " cannot be read");
  return content;
}

void writeFile(const std::string& path, const Bytes& content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write((const char*)content.data(), (std::streamsize)content.size());
  out.close();
  if (!out) throw std::runtime_error("the file " + path + " cannot be written");
}

namespace {

// Reads numbers one after the other and refuses to run past the end.
class Reader {
 public:
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
    if (!F::read(take(32), littleEndian, out)) fail("holds a number outside the field");
    return out;
  }
  Affine point() {
    const Fq x = field<Fq>(false);
    const Affine p{x, field<Fq>(false)};
    if (!p.onCurve()) fail("holds a point that is not on the curve");
    return p;
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
  // The length of a number, then the order of its field: BN254's scalars are the only ones here.
  void scalarField() {
    if (little(4) != 32) fail("is over another field");
    const uint8_t* p = take(32);
    for (size_t i = 0; i < 32; i++) {
      if (p[i] != (uint8_t)(Fr::modulus[i / 8] >> (8 * (i % 8)))) fail("is over another field");
    }
  }
  [[noreturn]] void fail(const char* why) const { throw JobError(std::string("the ") + what + " " + why); }

 private:
  const char* what;
  const uint8_t *at, *end;
};

}  // namespace

R1cs readR1cs(const Bytes& file) {
  Reader reader("circuit", file.data(), file.size());
  reader.expect("r1cs");
  if (reader.little(4) != 1) reader.fail("has another version");
  auto sections = reader.sections();

  Reader& header = reader.section(sections, 1);
  header.scalarField();
  R1cs r;
  r.signals = header.count(header.little(4), LARGEST_CIRCUIT);
  r.publics = header.little(4);
  r.publics += header.little(4);
  header.little(4);  // private inputs
  header.little(8);  // labels
  const size_t count = header.count(header.little(4), LARGEST_CIRCUIT);
  header.finish();
  if (r.publics >= r.signals) header.fail("has more public signals than signals");

  Reader& rows = reader.section(sections, 2);
  r.constraints.reserve(count);
  for (size_t i = 0; i < count; i++) {
    auto& matrices = r.constraints.emplace_back();
    for (Row& row : matrices) {
      for (size_t left = rows.count(rows.little(4), r.signals); left > 0; left--) {
        const uint32_t signal = (uint32_t)rows.little(4);
        if (signal >= r.signals) rows.fail("names a signal it does not have");
        row.push_back({signal, rows.field<Fr>(true)});
      }
    }
  }
  rows.finish();
  return r;
}

std::vector<Fr> readWitness(const Bytes& file) {
  Reader reader("witness", file.data(), file.size());
  reader.expect("wtns");
  if (reader.little(4) != 2) reader.fail("has another version");
  auto sections = reader.sections();

  Reader& header = reader.section(sections, 1);
  header.scalarField();
  std::vector<Fr> values(header.count(header.little(4), LARGEST_CIRCUIT));
  header.finish();

  Reader& body = reader.section(sections, 2);
  for (Fr& value : values) value = body.field<Fr>(true);
  body.finish();
  return values;
}

Parameters readParameters(const Bytes& file) {
  Reader reader("reference string", file.data(), file.size());
  reader.expect(PARAMETERS_MAGIC);
  Parameters p;
  p.degree = reader.big(8);
  p.low.resize(reader.count(reader.big(8), 4 * LARGEST_CIRCUIT));
  p.high.resize(reader.count(reader.big(8), 4 * LARGEST_CIRCUIT));
  const uint8_t* g2 = reader.take(128);
  p.secretInG2.assign(g2, g2 + 128);
  for (auto* points : {&p.low, &p.high}) {
    for (Affine& point : *points) point = reader.point();
  }
  reader.finish();
  if (p.low.empty() || p.degree + 1 < p.low.size() || p.degree + 1 < p.high.size()) reader.fail("contradicts itself");
  return p;
}

Bytes writeParameters(const Parameters& p) {
  Bytes out(PARAMETERS_MAGIC, PARAMETERS_MAGIC + std::strlen(PARAMETERS_MAGIC));
  for (const uint64_t n : {p.degree, (uint64_t)p.low.size(), (uint64_t)p.high.size()}) {
    for (int i = 7; i >= 0; i--) out.push_back((uint8_t)(n >> (8 * i)));
  }
  out.insert(out.end(), p.secretInG2.begin(), p.secretInG2.end());
  for (const auto* points : {&p.low, &p.high}) {
    for (const Affine& point : *points) point.write(out);
  }
  return out;
}
