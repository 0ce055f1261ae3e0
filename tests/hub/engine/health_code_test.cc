#include "hub/engine/health_code.h"

#include <gtest/gtest.h>

#include <string>

namespace anqiao::engine {
namespace {

TEST(HealthCodeTest, FindsTheWordsInEveryEncoding) {
  EXPECT_TRUE(NamesHealthCode("姓名,是否感染艾滋病\n"));
  EXPECT_TRUE(NamesHealthCode("xm,\xb8\xd0\xc8\xbe\xb0\xac\xd7\xcc\xb2\xa1\n"));
  EXPECT_TRUE(
      NamesHealthCode(std::string("\xff\xfe\x88\x5f\x8b\x7b", 6) + std::string("H\0I\0V\0", 6)));
  EXPECT_TRUE(NamesHealthCode(std::string("\0a\0I\0d\0S", 8)));
  EXPECT_TRUE(NamesHealthCode("name,Hiv_result"));
}

TEST(HealthCodeTest, LooksBehindAnyLength) {
  EXPECT_TRUE(NamesHealthCode(std::string(200'000, 'x') + "HIV"));
}

TEST(HealthCodeTest, LeavesOrdinaryColumnsAlone) {
  EXPECT_FALSE(NamesHealthCode("xdrybh|xm|sfzh|njrq|njdd|njjg|jcfs"));
  EXPECT_FALSE(NamesHealthCode("吸毒人员编号,姓名,身份证号码"));
  EXPECT_FALSE(NamesHealthCode(""));
}

}  // namespace
}  // namespace anqiao::engine
