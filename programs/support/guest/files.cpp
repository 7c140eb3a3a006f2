#include "files.h"

#include <sys/stat.h>

#include <fstream>

static constexpr size_t LARGEST_FILE = 256u << 20;

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
