#include "pkg/diagnose/diagnose.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "pkg/base/golden.h"
#include "pkg/base/testing.h"

namespace gantry::diagnose {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "CON-001": two or three letters, a dash, three digits.
bool is_code(std::string_view text) {
  const size_t dash = text.find('-');
  if ((dash != 2 && dash != 3) || text.size() != dash + 4) return false;
  return std::ranges::all_of(text.substr(0, dash), is_upper) &&
         std::ranges::all_of(text.substr(dash + 1), is_digit);
}

TEST(Catalogue, HasEveryCodeOnceAndInItsFamily) {
  EXPECT_EQ(catalogue().size(), 187u);
  std::set<std::string> codes;
  for (const auto& failure : catalogue()) {
    EXPECT_TRUE(is_code(failure.code)) << failure.code;
    EXPECT_TRUE(failure.code.starts_with(failure.family + "-")) << failure.code;
    EXPECT_TRUE(codes.insert(failure.code).second) << failure.code;
    EXPECT_THAT(failure.title, Not(IsEmpty())) << failure.code;
    EXPECT_TRUE(failure.tier == Tier::prevented || !failure.repair.empty()) << failure.code;
  }
}

TEST(Catalogue, HasReasonsThatKubernetesAccepts) {
  for (const auto& failure : catalogue()) {
    auto reasons = failure.also_reasons;
    if (!failure.reason.empty()) reasons.push_back(failure.reason);
    for (const auto& reason : reasons) {
      EXPECT_TRUE(is_upper(reason.front())) << failure.code << " " << reason;
      EXPECT_TRUE(std::ranges::all_of(
          reason, [](char c) { return is_upper(c) || is_digit(c) || (c >= 'a' && c <= 'z'); }))
          << failure.code << " " << reason;
    }
  }
}

TEST(Catalogue, SpeaksTheWordsOfTheDesign) {
  for (const auto& failure : catalogue()) {
    EXPECT_THAT(failure.condition, Not(HasSubstr("Progressing"))) << failure.code;
    EXPECT_THAT(failure.condition, Not(HasSubstr("Hold="))) << failure.code;
    EXPECT_FALSE(failure.condition.starts_with("Cluster ")) << failure.code;
    EXPECT_THAT(failure.detect + failure.repair, Not(HasSubstr("ctl_"))) << failure.code;
  }
}

TEST(Find, KnowsCodes) {
  ASSERT_NE(find("CON-001"), nullptr);
  EXPECT_EQ(find("CON-001")->reason, "EndpointsUnreachable");
  EXPECT_EQ(find("CON-002")->tier, Tier::human);
  EXPECT_EQ(find("CON-999"), nullptr);
  EXPECT_EQ(find(""), nullptr);
}

TEST(Make, FillsTheMessage) {
  EXPECT_EQ(
      make("STO-001", {{"s", "local-lvm"}, {"n", "pve1"}, {"avail", "2 GiB"}, {"need", "8 GiB"}}),
      (Diagnosis{"STO-001", "StorageFull",
                 "storage local-lvm on pve1 has 2 GiB free of 8 GiB needed"}));
  EXPECT_EQ(make("CON-010", {{"online", "{total}"}}).message,
            "{total} of ? nodes are online; writes wait for quorum");
}

TEST(MakeStatus, CarriesTheCode) {
  const Status status =
      annotate(make_status(ErrorClass::held, "SAF-004", {{"vmid", "104"}}), "machine default/x");
  EXPECT_EQ(error_class(status), ErrorClass::held);
  EXPECT_EQ(diagnose(status),
            (Diagnosis{"SAF-004", "NotOwned",
                       "machine default/x: guest 104 is not ours and is left alone"}));
}

TEST(Diagnose, TakesTheCodeOfTheStatusFirst) {
  const Status status = with_code(make_error(ErrorClass::transport, "x"), "CON-012");
  EXPECT_EQ(diagnose(status), (Diagnosis{"CON-012", "ChannelUnreachable", "x"}));
}

TEST(Diagnose, FallsBackToTheClass) {
  EXPECT_EQ(diagnose(make_error(ErrorClass::tls, "x")).code, "CON-003");
  EXPECT_EQ(diagnose(make_error(ErrorClass::schema, "x")).code, "CON-007");
  EXPECT_EQ(diagnose(make_error(ErrorClass::locked, "x")), (Diagnosis{"", "Locked", "x"}));
  EXPECT_EQ(diagnose(with_code(make_error(ErrorClass::timeout, "x"), "NIX-001")),
            (Diagnosis{"", "Timeout", "x"}));
}

// CON-008: a decode problem is never shown as "unreachable", each class that is one cause has its
// own code.
TEST(Diagnose, NeverMixesClasses) {
  std::set<std::string> reasons;
  for (int i = 0; i <= static_cast<int>(ErrorClass::internal); ++i) {
    const auto error = static_cast<ErrorClass>(i);
    EXPECT_TRUE(reasons.insert(diagnose(make_error(error, "x")).reason).second) << to_string(error);
  }
}

// Codes that stand in quotes in a source file.
std::set<std::string> codes_in(const std::string& text) {
  std::set<std::string> codes;
  for (size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
    const size_t end = text.find('"', at + 1);
    if (end == std::string::npos || end - at > 8) continue;
    const std::string word = text.substr(at + 1, end - at - 1);
    if (is_code(word)) codes.insert(word);
  }
  return codes;
}

// Calls `look` with each source file of the project, tests included, by its path in it.
void read_sources(
    const std::function<void(const std::string& name, const std::string& text)>& look) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(GANTRY_TEST_FOLDER) / ".." / "..";
  for (const auto* folder : {"api", "cmd", "controllers", "pkg", "tests"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& file : fs::recursive_directory_iterator(root / folder)) {
      const std::string name = fs::relative(file.path(), root).string();
      const bool is_source = name.ends_with(".cpp") || name.ends_with(".h");
      if (is_source) look(name, testing::read_text(file.path()));
    }
  }
}

bool is_test(const std::string& name) {
  return name.ends_with("_test.cpp") || name.starts_with("tests/");
}

TEST(Source, UsesOnlyCodesOfTheCatalogue) {
  size_t used = 0;
  read_sources([&used](const std::string& name, const std::string& text) {
    if (is_test(name)) return;
    for (const auto& code : codes_in(text)) {
      ++used;
      EXPECT_NE(find(code), nullptr) << code << " in " << name;
    }
  });
  EXPECT_GT(used, 0u);
}

// Raised by a source file; or prevented, and named by the test that proves it.
std::set<std::string> met_codes() {
  std::set<std::string> met;
  read_sources([&met](const std::string& name, const std::string& text) {
    if (!is_test(name)) met.merge(codes_in(text));
    if (!is_test(name)) return;
    for (const auto& failure : catalogue()) {
      const bool is_proven = text.find(failure.code) != std::string::npos;
      if (failure.tier == Tier::prevented && is_proven) met.insert(failure.code);
    }
  });
  return met;
}

// What this version is for; the other families are for later ones.
TEST(Reference, SaysWhyWhatConcernsUsIsNotReported) {
  const std::set<std::string> ours = {"CON", "CT",  "TPL", "STO", "CEL", "MC", "BST",
                                      "DKR", "WKL", "APL", "NET", "DNS", "PRX"};
  const auto met = met_codes();
  for (const auto& failure : catalogue()) {
    const bool is_open = failure.tier != Tier::prevented && !met.contains(failure.code);
    if (!ours.contains(failure.family)) continue;
    EXPECT_EQ(is_open, !failure.not_yet.empty()) << failure.code << " " << failure.title;
  }
}

TEST(Reference, IsWhatTheCatalogueSaysAndTheSourceRaises) {
  EXPECT_GOLDEN("../../docs/reference/failures.md", reference_page(met_codes()));
}

}  // namespace
}  // namespace gantry::diagnose
