#include "files.h"

static constexpr size_t LARGEST_CIRCUIT = 1u << 20;
static constexpr char PARAMETERS_MAGIC[] = "MARLINP1";

static Affine readPoint(Reader& reader) {
  const Fq x = reader.field<Fq>(false);
  const Affine p{x, reader.field<Fq>(false)};
  if (!p.onCurve(Fq::fromInteger(3))) reader.fail("holds a point that is not on the curve");
  return p;
}

// The length of a number, then the order of its field: BN254's scalars are the only ones here.
static void scalarField(Reader& reader) {
  if (reader.little(4) != Fr::size) reader.fail("is over another field");
  const uint8_t* p = reader.take(Fr::size);
  for (size_t i = 0; i < Fr::size; i++) {
    if (p[i] != (uint8_t)(Fr::modulus[i / 8] >> (8 * (i % 8)))) reader.fail("is over another field");
  }
}

R1cs readR1cs(const Bytes& file) {
  Reader reader("circuit", file);
  reader.expect("r1cs");
  if (reader.little(4) != 1) reader.fail("has another version");
  auto sections = reader.sections();

  Reader& header = reader.section(sections, 1);
  scalarField(header);
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
  Reader reader("witness", file);
  reader.expect("wtns");
  if (reader.little(4) != 2) reader.fail("has another version");
  auto sections = reader.sections();

  Reader& header = reader.section(sections, 1);
  scalarField(header);
  std::vector<Fr> values(header.count(header.little(4), LARGEST_CIRCUIT));
  header.finish();

  Reader& body = reader.section(sections, 2);
  for (Fr& value : values) value = body.field<Fr>(true);
  body.finish();
  return values;
}

Parameters readParameters(const Bytes& file) {
  Reader reader("reference string", file);
  reader.expect(PARAMETERS_MAGIC);
  Parameters p;
  p.degree = reader.big(8);
  p.low.resize(reader.count(reader.big(8), 4 * LARGEST_CIRCUIT));
  p.high.resize(reader.count(reader.big(8), 4 * LARGEST_CIRCUIT));
  const uint8_t* g2 = reader.take(128);
  p.secretInG2.assign(g2, g2 + 128);
  for (auto* points : {&p.low, &p.high}) {
    for (Affine& point : *points) point = readPoint(reader);
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
