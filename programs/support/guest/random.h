// Randomness of the operating system.
#pragma once

#include <sys/random.h>

#include "files.h"

// A uniformly random element of a field.
template <class F>
F randomElement() {
  for (;;) {
    uint8_t bytes[F::size];
    for (size_t have = 0; have < F::size;) {
      const ssize_t got = getrandom(bytes + have, F::size - have, 0);
      if (got <= 0) throw JobError("the system gives no random numbers");
      have += (size_t)got;
    }
    // As many bits as the order has; rejecting what is not below the order leaves a uniform choice.
    bytes[0] &= (uint8_t)(0xff >> (8 * F::size - F::bits));
    F out;
    if (F::read(bytes, false, out)) return out;
  }
}
