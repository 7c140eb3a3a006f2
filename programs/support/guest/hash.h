// Hash functions: Keccak-256 as the EVM has it, and SHA-256 (FIPS 180-4).
#pragma once

#include <string>

#include "field.h"

using Digest = std::array<uint8_t, 32>;

Digest keccak256(const Bytes& message);
Digest sha256(const Bytes& message);

std::string hex(const uint8_t* bytes, size_t size);
