#include "pkg/cel/signatures.h"

#include <gmock/gmock.h>

#include "pkg/cel/functions/library.h"

namespace gantry::cel {
namespace {

// What the evaluator does itself, because it does not always need every operand.
bool is_lazy(std::string_view name) {
  return name == "_&&_" || name == "_||_" || name == "_?_:_";
}

TEST(Signatures, EveryDeclaredFunctionCanBeRunAndTheOtherWayRound) {
  for (const std::string& name : function_names()) EXPECT_GE(find_function(name), 0) << name;
  for (const char* op : {"!_", "-_", "_+_", "_-_", "_*_", "_/_", "_%_", "_==_", "_!=_", "_<_",
                         "_<=_", "_>_", "_>=_", "@in", "_[_]", "_&&_", "_||_", "_?_:_"}) {
    EXPECT_FALSE(signatures_of(op).empty()) << op;
    EXPECT_NE(find_function(op) >= 0, is_lazy(op)) << op;
  }
  for (int i = 0; i < find_function("getMilliseconds"); ++i) {
    EXPECT_FALSE(signatures_of(function(i).name).empty()) << function(i).name;
  }
}

TEST(Signatures, AreReadFromTheirText) {
  const auto index = signatures_of("_[_]");
  ASSERT_EQ(index.size(), 2u);
  EXPECT_EQ(index[1].parameters, 2);
  EXPECT_TRUE(index[1].params[0].is(TypeKind::map));
  EXPECT_EQ(index[1].params[0].value().index(), 1);
  EXPECT_EQ(index[1].result.index(), 1);
  const auto size = signatures_of("size");
  ASSERT_EQ(size.size(), 8u);
  EXPECT_FALSE(size[0].is_method);
  EXPECT_TRUE(size[7].is_method);
  EXPECT_EQ(signatures_of("_<_").size(), 14u);
  EXPECT_EQ(signatures_of("getHours").size(), 3u);
  EXPECT_TRUE(signatures_of("nothing").empty());
}

// Every call that the checker lets through must find an overload when it is run.
TEST(Signatures, EveryOverloadHasANative) {
  const auto example = [](const Type& type) {
    switch (type.kind()) {
      case TypeKind::boolean:
        return Value::boolean(true);
      case TypeKind::integer:
        return Value::integer(1);
      case TypeKind::uinteger:
        return Value::uinteger(1);
      case TypeKind::real:
        return Value::real(1);
      case TypeKind::string:
        return Value::string("1");
      case TypeKind::bytes:
        return Value::bytes("1");
      case TypeKind::timestamp:
        return Value::timestamp(absl::UnixEpoch());
      case TypeKind::duration:
        return Value::duration(std::chrono::seconds(1));
      case TypeKind::list:
        return Value::list({Value::integer(1), Value::integer(2)});
      case TypeKind::map:
        return Value::map({{Value::integer(1), Value::integer(2)}});
      default:
        return Value::integer(1);
    }
  };
  for (int i = 0; i <= find_function("getMilliseconds"); ++i) {
    for (const Signature& signature : signatures_of(function(i).name)) {
      std::vector<Value> args;
      for (const Type& type : signature.params) args.push_back(example(type));
      Meter meter(10'000);
      const Value result = function(i).run(Call{signature.name, args, meter});
      if (!result.is_error()) continue;
      EXPECT_THAT(result.problem().message, ::testing::Not(::testing::HasSubstr("overload")))
          << signature.name << " " << signature.params[0].to_text();
    }
  }
}

}  // namespace
}  // namespace gantry::cel
