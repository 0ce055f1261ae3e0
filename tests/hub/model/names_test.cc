#include "hub/model/names.h"

#include <gtest/gtest.h>

namespace anqiao::model {
namespace {

TEST(NormalizeNameTest, EveryNameDotBecomesOne) {
  for (const char* text :
       {"阿依古丽·买买提", "阿依古丽•买买提", "阿依古丽・买买提", "阿依古丽･买买提",
        "阿依古丽‧买买提", "阿依古丽 · 买买提", "阿依古丽.买买提", "阿依古丽．买买提"}) {
    EXPECT_EQ(NormalizeName(text), "阿依古丽·买买提") << text;
  }
}

TEST(NormalizeNameTest, SpacesAndInvisibleCharactersGo) {
  EXPECT_EQ(NormalizeName(" 张\u3000三\t"), "张三");
  EXPECT_EQ(NormalizeName("张\u200b三\ufeff"), "张三");
  EXPECT_EQ(NormalizeName("ＺＨＡＮＧ"), "ZHANG");
  EXPECT_EQ(NormalizeName("J. Smith"), "J.Smith");
  EXPECT_EQ(NormalizeName(" \u3000"), "");
}

TEST(NormalizeNameTest, RareCharactersStay) {
  EXPECT_EQ(NormalizeName("王㛃"), "王㛃");
  EXPECT_EQ(NormalizeName("李𠅤"), "李𠅤");
}

TEST(NormalizeNameTest, NormalizingTwiceChangesNothing) {
  for (const char* text :
       {"阿依古丽 • 买买提", "Ｊ．Ｓｍｉｔｈ", "王?", "張\u3000三", "\xff\xfe"}) {
    const std::string once = NormalizeName(text);
    EXPECT_EQ(NormalizeName(once), once);
  }
}

TEST(NormalizeTextTest, FullWidthBecomesAscii) {
  EXPECT_EQ(NormalizeText("幸福路１２号（２）"), "幸福路12号(2)");
}

TEST(NormalizeTextTest, ComposesAcrossWhatNeedsNoNormalizing) {
  EXPECT_EQ(NormalizeText("王e\u0301"), "王é");
  EXPECT_EQ(NormalizeText("Ａ\u0301王"), "Á王");
  EXPECT_EQ(NormalizeText("a\u3000\u0301"), "a\u0301");
  EXPECT_EQ(NormalizeText("王\xe5\xbc"), "王\uFFFD");
  EXPECT_EQ(NormalizeText("\u4E00\u9FFF\u00B7\x7F~\uFF5E"), "\u4E00\u9FFF\u00B7~~");
}

TEST(ValidUtf8Test, TellsBrokenFromWhole) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("咸安 abc 𠅤"));
  EXPECT_FALSE(IsValidUtf8("\xd5\xc5"));      // GB18030 bytes
  EXPECT_FALSE(IsValidUtf8("\xe5\xbc"));      // cut off
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));  // surrogate
  EXPECT_FALSE(IsValidUtf8("\xc0\xaf"));      // overlong
}

TEST(NamesCompatibleTest, EqualNamesAre) {
  EXPECT_TRUE(NamesCompatible("王小明", "王小明"));
  EXPECT_FALSE(NamesCompatible("王小明", "王小朋"));
  EXPECT_FALSE(NamesCompatible("王小明", "王小"));
  EXPECT_FALSE(NamesCompatible("", ""));
}

TEST(NamesCompatibleTest, AnUnknownCharacterStandsForOne) {
  for (const char* name : {"王?", "王□", "王〓", "王\uFFFD", "王??"}) {
    EXPECT_TRUE(NamesCompatible(name, "王㛃")) << name;
    EXPECT_TRUE(NamesCompatible("王㛃", name)) << name;
    EXPECT_TRUE(NamesCompatible(name, name)) << name;
  }
  EXPECT_TRUE(NamesCompatible("王??", "王小明"));
  EXPECT_FALSE(NamesCompatible("王?", "王小明"));
  EXPECT_FALSE(NamesCompatible("李?", "王㛃"));
}

TEST(NamesCompatibleTest, UnknownCharactersAloneAgreeWithNothing) {
  EXPECT_FALSE(NamesCompatible("??", "王明"));
  EXPECT_FALSE(NamesCompatible("??", "??"));
  EXPECT_FALSE(NamesCompatible("?明", "王?"));
}

}  // namespace
}  // namespace anqiao::model
