// Work spread over the cores this process may use.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

// Calls work(0) .. work(count - 1), each once, in any order and on any thread. `work` must not throw.
template <class Work>
void parallel(size_t count, const Work& work) {
  std::atomic<size_t> next{0};
  const auto loop = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> helpers;
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  try {
    for (size_t i = 1; i < std::min(cores, count); i++) helpers.emplace_back(loop);
  } catch (const std::system_error&) {
    // No more threads are granted: those that run, and this one, do the work.
  }
  loop();
  for (auto& helper : helpers) helper.join();
}

// Calls work(begin, end) for consecutive parts of 0 .. count - 1.
template <class Work>
void parallelParts(size_t count, const Work& work) {
  const size_t parts = std::min<size_t>(count, 4 * std::max(1u, std::thread::hardware_concurrency()));
  parallel(parts, [&](size_t part) { work(count * part / parts, count * (part + 1) / parts); });
}
