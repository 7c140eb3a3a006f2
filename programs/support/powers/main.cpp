// A tool, not a guest: makes and checks the powers of a secret in BN254's G1, in the layout of bb's bn254_g1.dat (64 bytes a point, x
// and y, big-endian). What TypeScript does in minutes for millions of points takes seconds here.
//
//   powers make COUNT OUT    G, [tau]G, [tau^2]G, ...; standard input: tau, hexadecimal
//   powers sums FILE         prints two points, hexadecimal: the sum of r_i P_i and the sum of r_i P_(i+1), for random r_i of 64 bits.
//                            If the points are powers of tau, the second is tau times the first; the caller checks that with a pairing.
//   powers expand FILE OUT   bb's compressed points (x, with the highest bit set if y is odd) to x and y; the caller checks them after

#include <cstdio>
#include <iostream>

#include "../guest/bn254.h"
#include "../guest/job.h"
#include "../guest/random.h"

// Points that are made at a time: what is between scalars and bytes takes 300 bytes each.
static constexpr size_t CHUNK = 1 << 18;
static constexpr size_t POINT = 64;

static int make(uint64_t count, const std::string& path) {
  std::string text;
  std::cin >> text;
  Fr tau;
  if (!Fr::read(fromHex(text, Fr::size, "the secret").data(), false, tau)) throw JobError("the secret is too large");
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) throw JobError(path + " cannot be written");
  Fr power = Fr::one();
  for (uint64_t done = 0; done < count;) {
    std::vector<Fr> scalars(std::min<uint64_t>(CHUNK, count - done));
    for (Fr& scalar : scalars) {
      scalar = power;
      power *= tau;
    }
    Bytes bytes;
    bytes.reserve(POINT * scalars.size());
    for (const Affine& point : multiplesOf(Affine{Fq::one(), Fq::fromInteger(2)}, scalars)) point.write(bytes);
    if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) throw JobError(path + " cannot be written");
    done += scalars.size();
  }
  if (std::fclose(file) != 0) throw JobError(path + " cannot be written");
  return 0;
}

static int sums(const std::string& path) {
  const Bytes bytes = readFile(path);
  if (bytes.size() % POINT != 0 || bytes.size() < 2 * POINT) throw JobError("not two points or more");
  Reader reader("file", bytes);
  std::vector<Affine> points(bytes.size() / POINT);
  for (Affine& point : points) {
    point.x = reader.field<Fq>(false);
    point.y = reader.field<Fq>(false);
    if (!point.onCurve(Fq::fromInteger(3))) reader.fail("holds a point that is not on the curve");
  }
  std::vector<Fr> factors(points.size() - 1);
  for (Fr& factor : factors) factor = Fr::fromInteger(randomElement<Fr>().number()[0]);
  const std::span<const Affine> all = points;
  Bytes out;
  multiply<Fq, Fr>(all.subspan(0, factors.size()), factors).write(out);
  multiply<Fq, Fr>(all.subspan(1), factors).write(out);
  std::cout << hex(out.data(), out.size()) << '\n';
  return 0;
}

static int expand(const std::string& path, const std::string& outPath) {
  Bytes bytes = readFile(path);
  if (bytes.size() % Fq::size != 0) throw JobError("not whole points");
  const size_t count = bytes.size() / Fq::size;
  // p = 3 mod 4: a root of a square is its power (p + 1) / 4.
  Limbs<4> exponent = plus(Fq::modulus, Limbs<4>{1});
  for (size_t i = 0; i < 4; i++) exponent[i] = exponent[i] >> 2 | (i < 3 ? exponent[i + 1] << 62 : 0);
  std::vector<Affine> points(count);
  std::atomic<bool> wrong{false};
  parallelParts(count, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      uint8_t* word = &bytes[Fq::size * i];
      const bool odd = word[0] & 0x80;
      word[0] &= 0x7f;
      Affine& p = points[i];
      if (!Fq::read(word, false, p.x)) wrong = true;
      p.y = (p.x.square() * p.x + Fq::fromInteger(3)).power(exponent);
      if ((p.y.number()[0] & 1) != odd) p.y = -p.y;
    }
  });
  if (wrong) throw JobError("a number outside the field");
  Bytes out;
  out.reserve(POINT * count);
  for (const Affine& point : points) point.write(out);
  writeFile(outPath, out);
  return 0;
}

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.size() == 3 && args[0] == "make") return make(std::stoull(args[1]), args[2]);
    if (args.size() == 2 && args[0] == "sums") return sums(args[1]);
    if (args.size() == 3 && args[0] == "expand") return expand(args[1], args[2]);
    std::cerr << "usage: powers make COUNT OUT | powers sums FILE | powers expand FILE OUT\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
