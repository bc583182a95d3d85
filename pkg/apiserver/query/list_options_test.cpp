#include "pkg/apiserver/query/list_options.h"

#include "pkg/base/testing.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;

const ContinueTokens kTokens("a key");

RequestInfo asking(const std::string& query) {
  http::Request request;
  request.target = "/apis/gantry.dev/v1alpha1/namespaces/default/apps?" + query;
  auto info = parse_request(request);
  EXPECT_THAT(info, IsOk());
  return *std::move(info);
}

// "Exact@7", or "422 message".
std::string listed(const std::string& query) {
  ListOptions options;
  if (const auto wrong = read_list_options(asking(query), kTokens, options))
    return std::to_string(wrong->code) + " " + wrong->message;
  const auto* as_of = options.as_of == ListOptions::AsOf::newest      ? "newest"
                      : options.as_of == ListOptions::AsOf::not_older ? "not older"
                                                                      : "exact";
  return std::string(as_of) + "@" + std::to_string(options.revision);
}

TEST(ListOptions, MeanWhatTheyMeanInKubernetes) {
  EXPECT_EQ(listed(""), "newest@0");
  EXPECT_EQ(listed("resourceVersion=0"), "newest@0");
  EXPECT_EQ(listed("resourceVersion=7"), "not older@7");
  EXPECT_EQ(listed("resourceVersion=7&resourceVersionMatch=NotOlderThan"), "not older@7");
  EXPECT_EQ(listed("resourceVersion=7&resourceVersionMatch=Exact"), "exact@7");
  EXPECT_EQ(listed("resourceVersion=7&limit=5"), "exact@7");
  EXPECT_EQ(listed("resourceVersion=7&limit=5&resourceVersionMatch=NotOlderThan"), "not older@7");
  EXPECT_EQ(listed("resourceVersion=0&limit=5"), "newest@0");
  EXPECT_EQ(listed("limit=-1"), "newest@0");
}

TEST(ListOptions, AreRefusedInTheWordsOfKubernetes) {
  const std::string invalid = "422 ListOptions.meta.k8s.io \"\" is invalid: ";
  EXPECT_EQ(listed("resourceVersion=abc"),
            "400 invalid resource version: resourceVersion: Invalid value: \"abc\": "
            "strconv.ParseUint: parsing \"abc\": invalid syntax");
  EXPECT_EQ(listed("resourceVersion=-1"),
            "400 invalid resource version: resourceVersion: Invalid value: \"-1\": "
            "strconv.ParseUint: parsing \"-1\": invalid syntax");
  EXPECT_EQ(listed("resourceVersionMatch=Exact"),
            invalid +
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
                "resourceVersion is provided");
  EXPECT_EQ(listed("resourceVersionMatch=Exact&resourceVersion=0"),
            invalid +
                "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for "
                "resourceVersion \"0\"");
  EXPECT_EQ(listed("resourceVersionMatch=Soon&resourceVersion=1"),
            invalid +
                "resourceVersionMatch: Unsupported value: \"Soon\": supported values: \"Exact\", "
                "\"NotOlderThan\", \"\"");
  EXPECT_EQ(listed("limit=many").substr(0, 4), "400 ");
  EXPECT_EQ(listed("sendInitialEvents=true").substr(0, 4), "422 ");
}

TEST(ContinueToken, SaysWhereTheNextPageBegins) {
  const auto list = "apps.gantry.dev\ndefault\n\n";
  const auto text = kTokens.encode({7, {"default", "web-1"}}, list);
  EXPECT_EQ(
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  const auto token = kTokens.decode(text, list);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->revision, 7);
  EXPECT_EQ(token->after, store::Place("default", "web-1"));
  EXPECT_EQ(listed("continue=" + text + "&limit=2"), "exact@7");
  EXPECT_EQ(listed("continue=" + kTokens.encode({ContinueToken::kInconsistent, {"a", "b"}}, list)),
            "newest@0");
  EXPECT_EQ(listed("continue=" + text + "&resourceVersion=7"),
            "400 specifying resource version is not allowed when using continue");
}

TEST(ContinueToken, IsRefusedWhenItIsNotOursOrNotForThisList) {
  const auto text = kTokens.encode({7, {"default", "web-1"}}, "a list");
  const std::string mine = "400 invalid continue token: continue key is not valid: ";
  EXPECT_EQ(listed("continue=" + text), mine + "it was changed, or it belongs to another list");
  for (size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_THAT(kTokens.decode(changed, "a list"), Fails(ErrorClass::invalid)) << i;
  }
  for (const auto* wrong : {"x", "%25", "aW52YWxpZA", "e30", "bnVsbA"})
    EXPECT_EQ(listed(std::string("continue=") + wrong).substr(0, mine.size()), mine) << wrong;
  EXPECT_THAT(kTokens.decode(std::string(5000, 'A'), "a list"), Fails(ErrorClass::invalid));
}

std::string watched(const std::string& query) {
  WatchOptions options;
  if (const auto wrong = read_watch_options(asking("watch=true&" + query), options))
    return std::to_string(wrong->code) + " " + wrong->message;
  std::string text = options.current_state ? "all" : "from now on";
  if (options.revision) text = "after " + std::to_string(*options.revision);
  if (options.not_older) text += " not older " + std::to_string(*options.not_older);
  if (options.initial_events_end) text += ", end told";
  return text;
}

TEST(WatchOptions, MeanWhatTheyMeanInKubernetes) {
  EXPECT_EQ(watched(""), "all");
  EXPECT_EQ(watched("resourceVersion=0"), "all");
  EXPECT_EQ(watched("resourceVersion=0&allowWatchBookmarks=true"), "all, end told");
  EXPECT_EQ(watched("resourceVersion=7&allowWatchBookmarks=true"), "after 7");
  const std::string initial = "resourceVersionMatch=NotOlderThan&sendInitialEvents=";
  EXPECT_EQ(watched(initial + "true&allowWatchBookmarks=true"), "all, end told");
  EXPECT_EQ(watched(initial + "true&resourceVersion=7"), "all not older 7");
  EXPECT_EQ(watched(initial + "false&resourceVersion=7"), "after 7");
  EXPECT_EQ(watched(initial + "false&resourceVersion=0"), "from now on");
  EXPECT_EQ(watched(initial + "false"), "from now on");
  EXPECT_EQ(watched("sendInitialEvents=true"),
            "422 ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  EXPECT_EQ(watched("resourceVersionMatch=NotOlderThan").substr(0, 4), "422 ");
  EXPECT_EQ(watched("resourceVersion=abc").substr(0, 4), "400 ");
}

}  // namespace
}  // namespace gantry::apiserver
