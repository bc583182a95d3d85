#pragma once
// Golden files in tests: outputs that people depend on, compared with what is in the repository.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace gantry::testing {

// The whole file; empty when it cannot be read.
inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// EXPECT_TRUE(matches_golden(path, text)). With UPDATE_GOLDEN=1 in the environment the file is
// rewritten instead; the diff is then reviewed like code.
inline ::testing::AssertionResult matches_golden(const std::filesystem::path& path,
                                                 const std::string& text) {
  if (const char* update = std::getenv("UPDATE_GOLDEN"); update != nullptr && *update == '1') {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return ::testing::AssertionSuccess();
  }
  const std::string want = read_text(path);
  if (want == text) return ::testing::AssertionSuccess();
  size_t at = 0;
  size_t line = 1;
  while (at < std::min(want.size(), text.size()) && want[at] == text[at])
    line += want[at++] == '\n';
  const auto line_at = [at](const std::string& s) {
    const size_t begin = at == 0 ? 0 : s.rfind('\n', at - 1) + 1;
    return s.substr(begin, s.find('\n', std::min(at, s.size())) - begin);
  };
  return ::testing::AssertionFailure()
         << path << " differs from line " << line << " on\n  file: " << line_at(want)
         << "\n  now:  " << line_at(text) << "\nUPDATE_GOLDEN=1 rewrites it";
}

}  // namespace gantry::testing

// `file` is relative to the test's folder.
#define EXPECT_GOLDEN(file, text)                \
  EXPECT_TRUE(::gantry::testing::matches_golden( \
      std::filesystem::path(GANTRY_TEST_FOLDER) / (file), (text)))
