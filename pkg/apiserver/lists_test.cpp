// Lists in the exact forms that clients see.
#include <zlib.h>

#include "pkg/apiserver/testing.h"
#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
constexpr const char* kPartial =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

std::string unpacked(const std::string& compressed) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  std::string input = compressed;
  std::string plain(std::size_t{8} << 20, '\0');
  z.next_in = reinterpret_cast<Bytef*>(input.data());
  z.avail_in = static_cast<uInt>(input.size());
  z.next_out = reinterpret_cast<Bytef*>(plain.data());
  z.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  plain.resize(z.total_out);
  inflateEnd(&z);
  return plain;
}

class ListsTest : public ServerTest {
 protected:
  ListsTest() { agent_ = "a client"; }

  void make(const std::string& name, const std::string& tier = "a") {
    auto app = *schema::parse_json(kHello);
    app.member("metadata").set("name", name);
    app.member("metadata").member("labels").set("tier", tier);
    const auto made = call("POST", kApps, schema::to_json(app));
    ASSERT_EQ(made.status, 201) << made.body;
  }
  void make_many(int count, size_t bytes = 0) {
    for (int i = 0; i < count; ++i) {
      Json object;
      object.set("apiVersion", "gantry.dev/v1alpha1");
      object.set("kind", "App");
      auto& metadata = object.member("metadata");
      metadata.set("name", absl::StrFormat("web-%05d", i));
      metadata.set("namespace", "default");
      metadata.member("labels").set("shard", std::to_string(i % 10));
      metadata.member("annotations").set("note", std::string(bytes, 'x'));
      ASSERT_TRUE(run(store_.create("apps.gantry.dev", std::move(object))).ok());
    }
  }
  std::vector<std::string> names(const Json& list) {
    std::vector<std::string> found;
    for (const auto& item : list.find("items")->as_array())
      found.push_back(text(item, {"metadata", "name"}));
    return found;
  }
  std::string continued(const Json& list) { return text(list, {"metadata", "continue"}); }
  Json get(const std::string& query) {
    const auto response = call("GET", std::string(kApps) + query);
    EXPECT_EQ(response.status, 200) << response.body;
    return json(response);
  }
  std::string refused(const std::string& query) {
    const auto response = call("GET", std::string(kApps) + query);
    const auto status = json(response);
    return std::to_string(response.status) + " " + text(status, {"reason"}) + ": " +
           text(status, {"message"});
  }
};

TEST_F(ListsTest, AListHasTheFormOfKubernetes) {
  make("a");
  const auto item = call("GET", std::string(kApps) + "/a").body;
  const auto version = std::to_string(store_.revision());
  EXPECT_EQ(call("GET", kApps).body,
            R"({"apiVersion":"gantry.dev/v1alpha1","items":[)" + item.substr(0, item.size() - 1) +
                R"(],"kind":"AppList","metadata":{"resourceVersion":")" + version + "\"}}\n");
  EXPECT_EQ(call("GET", "/api/v1/configmaps").body,
            R"({"apiVersion":"v1","items":[],"kind":"ConfigMapList","metadata":)"
            R"({"resourceVersion":")" +
                version + "\"}}\n");
}

TEST_F(ListsTest, PagesShowTheSnapshotOfTheFirstWhileWritesGoOn) {
  for (const auto* name : {"a", "b", "c", "d", "e"}) make(name);
  const auto first = get("?limit=2");
  EXPECT_THAT(names(first), ElementsAre("a", "b"));
  EXPECT_EQ(first.find_path({"metadata", "remainingItemCount"})->as_integer(), 3);
  const auto version = text(first, {"metadata", "resourceVersion"});
  ASSERT_EQ(call("DELETE", std::string(kApps) + "/c").status, 200);
  make("aa");
  make("cc");
  const auto second = get("?limit=2&continue=" + continued(first));
  EXPECT_THAT(names(second), ElementsAre("c", "d"));
  EXPECT_EQ(text(second, {"metadata", "resourceVersion"}), version);
  EXPECT_EQ(second.find_path({"metadata", "remainingItemCount"})->as_integer(), 1);
  const auto last = get("?limit=2&continue=" + continued(second));
  EXPECT_THAT(names(last), ElementsAre("e"));
  EXPECT_EQ(last.find_path({"metadata", "continue"}), nullptr);
  EXPECT_EQ(last.find_path({"metadata", "remainingItemCount"}), nullptr);
  EXPECT_THAT(names(get("?limit=9")), ElementsAre("a", "aa", "b", "cc", "d", "e"));
}

TEST_F(ListsTest, HowMuchIsLeftIsNotToldWithSelectors) {
  for (const auto* name : {"a", "b", "c"}) make(name);
  const auto first = get("?limit=2&labelSelector=tier%3Da");
  EXPECT_NE(continued(first), "");
  EXPECT_EQ(first.find_path({"metadata", "remainingItemCount"}), nullptr);
  EXPECT_THAT(names(get("?limit=2&labelSelector=tier%3Da&continue=" + continued(first))),
              ElementsAre("c"));
  EXPECT_THAT(refused("?limit=2&continue=" + continued(first)),
              StartsWith("400 BadRequest: invalid continue token: continue key is not valid: "));
}

TEST_F(ListsTest, ATokenThatIsTooOldSaysHowToGoOn) {
  for (const auto* name : {"a", "b", "c"}) make(name);
  const auto first = get("?limit=1");
  make("bb");
  disk_.trim_feed(disk_.image.revision);
  clock_.advance(std::chrono::hours(1));
  make("bc");  // what is older than ten minutes goes out of the window
  const auto response = call("GET", std::string(kApps) + "?limit=1&continue=" + continued(first));
  EXPECT_EQ(response.status, 410);
  const auto status = json(response);
  EXPECT_EQ(text(status, {"reason"}), "Expired");
  EXPECT_THAT(text(status, {"message"}), StartsWith("The provided continue parameter is too old"));
  const auto rest = get("?continue=" + text(status, {"metadata", "continue"}));
  EXPECT_THAT(names(rest), ElementsAre("b", "bb", "bc", "c"));
  EXPECT_EQ(text(rest, {"metadata", "resourceVersion"}), std::to_string(store_.revision()));
  EXPECT_EQ(refused("?resourceVersionMatch=Exact&resourceVersion=" +
                    text(first, {"metadata", "resourceVersion"})),
            "410 Expired: The resourceVersion for the provided list is too old.");
}

TEST_F(ListsTest, EveryFormOfResourceVersionIsUnderstood) {
  make("a");
  const auto then = std::to_string(store_.revision());
  make("b");
  EXPECT_THAT(names(get("?resourceVersion=0")), ElementsAre("a", "b"));
  EXPECT_THAT(names(get("?resourceVersion=" + then)), ElementsAre("a", "b"));
  const auto exact = get("?resourceVersionMatch=Exact&resourceVersion=" + then);
  EXPECT_THAT(names(exact), ElementsAre("a"));
  EXPECT_EQ(text(exact, {"metadata", "resourceVersion"}), then);
  const auto response = call("GET", std::string(kApps) + "?resourceVersion=99999999");
  EXPECT_EQ(response.body, R"({"apiVersion":"v1","code":504,"details":{"causes":[{"message":)"
                           R"("Too large resource version","reason":"ResourceVersionTooLarge"}],)"
                           R"("retryAfterSeconds":1},"kind":"Status","message":)"
                           R"("Timeout: Too large resource version: 99999999, current: )" +
                               std::to_string(store_.revision()) +
                               R"(","metadata":{},"reason":"Timeout","status":"Failure"})"
                               "\n");
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(response.headers.find("Retry-After")->second, "1");
  EXPECT_EQ(call("GET", std::string(kApps) + "/a?resourceVersion=99999999").status, 504);
  EXPECT_EQ(refused("?resourceVersion=abc"),
            "400 BadRequest: invalid resource version: resourceVersion: Invalid value: \"abc\": "
            "strconv.ParseUint: parsing \"abc\": invalid syntax");
}

TEST_F(ListsTest, SelectorsThatCannotBeReadAre400) {
  EXPECT_EQ(refused("?labelSelector=a%3D%3D%3Db"),
            "400 BadRequest: unable to parse requirement: found '=', expected: identifier");
  EXPECT_EQ(refused("?fieldSelector=spec.image%3Dx"),
            "400 BadRequest: field label not supported: spec.image");
}

TEST_F(ListsTest, SelectsByDeclaredFields) {
  make("a");
  make("b");
  EXPECT_THAT(names(get("?fieldSelector=spec.machineClassName%3Dsmall,metadata.name!%3Da")),
              ElementsAre("b"));
  EXPECT_THAT(names(get("?fieldSelector=metadata.name%3Da")), ElementsAre("a"));
  EXPECT_THAT(names(json(call("GET",
                              "/apis/gantry.dev/v1alpha1/apps?fieldSelector="
                              "metadata.namespace%3Ddefault,metadata.name%3Db"))),
              ElementsAre("b"));
}

TEST_F(ListsTest, TablesShowWhatIsAskedFor) {
  make("a");
  const auto table = json(call("GET", kApps, "", "", kTable));
  EXPECT_EQ(text(table, {"kind"}), "Table");
  const auto& row = table.find("rows")->as_array().at(0);
  EXPECT_EQ(row.find("cells")->as_array().at(0).as_string(), "a");
  EXPECT_EQ(text(row, {"object", "kind"}), "PartialObjectMetadata");
  EXPECT_EQ(row.find_path({"object", "spec"}), nullptr);
  EXPECT_EQ(row.find("cells")->size(), table.find("columnDefinitions")->size());
  const auto& age = table.find("columnDefinitions")->as_array().back();
  EXPECT_EQ(age.string_or("name", ""), "Age");
  EXPECT_EQ(age.string_or("type", ""), "date");
  clock_.advance(std::chrono::minutes(29));
  const auto later = json(call("GET", std::string(kApps) + "?includeObject=None", "", "", kTable));
  const auto& bare = later.find("rows")->as_array().at(0);
  EXPECT_EQ(bare.find("cells")->as_array().back().as_string(), "29m");
  EXPECT_EQ(bare.find("object"), nullptr);
  const auto whole =
      json(call("GET", std::string(kApps) + "?includeObject=Object", "", "", kTable));
  EXPECT_NE(whole.find("rows")->as_array().at(0).find_path({"object", "spec"}), nullptr);
  const auto one = json(call("GET", std::string(kApps) + "/a", "", "", kTable));
  EXPECT_EQ(one.find("rows")->size(), 1U);
  EXPECT_EQ(text(one, {"metadata", "resourceVersion"}), std::to_string(store_.revision()));
}

TEST_F(ListsTest, MetadataAloneAndWithoutManagedFields) {
  make("a");
  const auto partial = json(call("GET", kApps, "", "", kPartial));
  EXPECT_EQ(text(partial, {"kind"}), "PartialObjectMetadataList");
  EXPECT_EQ(text(partial, {"apiVersion"}), "meta.k8s.io/v1");
  const auto& item = partial.find("items")->as_array().at(0);
  EXPECT_EQ(text(item, {"kind"}), "PartialObjectMetadata");
  EXPECT_EQ(text(item, {"metadata", "name"}), "a");
  EXPECT_EQ(item.find("spec"), nullptr);
  const auto path = std::string(kApps) + "/a";
  EXPECT_THAT(call("GET", path).body, HasSubstr("managedFields"));
  const auto dropped = call("GET", path, "", "", "application/json;drop=metadata.managedFields");
  EXPECT_THAT(dropped.body, Not(HasSubstr("managedFields")));
  auto whole = json(call("GET", path));
  whole.member("metadata").erase("managedFields");
  EXPECT_EQ(json(dropped), whole);
}

TEST_F(ListsTest, IndentedAndYamlListsAreTheSameList) {
  make("a");
  make("b");
  const auto compact = call("GET", kApps);
  const auto pretty = call("GET", std::string(kApps) + "?pretty=true");
  EXPECT_THAT(pretty.body, StartsWith("{\n  \"apiVersion\": \"gantry.dev/v1alpha1\","));
  EXPECT_EQ(json(pretty), json(compact));
  const auto yaml = call("GET", kApps, "", "", "application/yaml");
  EXPECT_EQ(yaml.headers.find("Content-Type")->second, "application/yaml");
  const auto documents = schema::parse_yaml(yaml.body);
  ASSERT_TRUE(documents.ok()) << yaml.body;
  EXPECT_EQ(documents->front().value, json(compact));
  const auto table = call("GET", std::string(kApps) + "?pretty=1", "", "", kTable);
  EXPECT_EQ(json(table), json(call("GET", kApps, "", "", kTable)));
  EXPECT_EQ(json(call("GET", "/api/v1/configmaps?pretty=1")),
            json(call("GET", "/api/v1/configmaps")));
}

TEST_F(ListsTest, LargeListsAreStreamedAndCompressedForThoseWhoTakeIt) {
  make_many(400, 1000);
  const auto plain = call("GET", kApps);
  EXPECT_EQ(plain.headers.count("Content-Encoding"), 0U);
  EXPECT_EQ(names(json(plain)).size(), 400U);
  http::Request request;
  request.target = kApps;
  request.headers["Authorization"] = "Bearer " + token_;
  request.headers["Accept-Encoding"] = "gzip";
  const auto ask = [&] {
    auto answer = run(client_->send(request, std::chrono::seconds(30)));
    EXPECT_TRUE(answer.ok());
    return *answer;
  };
  const auto packed = ask();
  EXPECT_EQ(packed.headers.find("Content-Encoding")->second, "gzip");
  EXPECT_EQ(unpacked(packed.body), plain.body);
  // From the cache, with the revision of now; and anew once the collection has changed.
  ASSERT_EQ(call("POST", "/api/v1/namespaces/default/configmaps",
                 R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}})")
                .status,
            201);
  EXPECT_EQ(unpacked(ask().body), call("GET", kApps).body);
  make("another");
  EXPECT_EQ(names(*schema::parse_json(unpacked(ask().body))).size(), 401U);
  request.target = std::string(kApps) + "?labelSelector=shard%3D1";
  EXPECT_EQ(ask().headers.count("Content-Encoding"), 0U) << "40 KiB are sent as they are";
  request.target = kApps;
  request.headers["Accept"] = kTable;
  EXPECT_EQ(unpacked(ask().body), call("GET", kApps, "", "", kTable).body);
}

}  // namespace
}  // namespace gantry::apiserver
