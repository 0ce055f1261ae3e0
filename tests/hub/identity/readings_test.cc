#include "hub/identity/readings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iconv.h>
#include <unicode/utf8.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anqiao::identity {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Past the last character that has a form or a reading.
constexpr char32_t kLast = 0x33000;

std::string Utf8(char32_t point) {
  char bytes[U8_MAX_LENGTH];
  std::size_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, point);
  return std::string(bytes, size);
}

bool IsSurrogate(char32_t point) { return point >= 0xD800 && point < 0xE000; }

// Empty if the C library cannot.
std::string FromGb18030(std::string bytes) {
  const iconv_t converter = iconv_open("UTF-8", "GB18030");
  if (converter == reinterpret_cast<iconv_t>(-1)) return "";
  std::string text(16, '\0');
  char* in = bytes.data();
  char* out = text.data();
  std::size_t in_left = bytes.size(), out_left = text.size();
  const bool good =
      iconv(converter, &in, &in_left, &out, &out_left) != static_cast<std::size_t>(-1);
  iconv_close(converter);
  text.resize(good ? text.size() - out_left : 0);
  return text;
}

std::string FirstReading(absl::string_view name) {
  const std::vector<std::string> readings = NameReadings(name);
  return readings.empty() ? "" : readings.front();
}

TEST(FoldVariantsTest, OtherSpellingsBecomeTheStandardOne) {
  const std::pair<const char*, const char*> cases[] = {
      {"張偉", "张伟"},     {"强", "强"}, {"強", "强"}, {"彊", "强"},     {"劉備", "刘备"},
      {"歐陽修", "欧阳修"}, {"後", "后"}, {"后", "后"}, {"峯", "峰"},     {"羣", "群"},
      {"啓", "启"},         {"啟", "启"}, {"囯", "国"}, {"國", "国"},     {"瑯", "琅"},
      {"勳", "勋"},         {"恆", "恒"}, {"吳", "吴"}, {"呉", "吴"},     {"黃", "黄"},
      {"鍾", "钟"},         {"鐘", "钟"}, {"锺", "钟"}, {"餘", "余"},     {"线", "线"},
      {"線", "线"},         {"蕭", "萧"}, {"葉", "叶"}, {"王㑳", "王㑇"}, {"⻢", "马"},
      {"⺠", "民"},
  };
  for (const auto& [name, folded] : cases) EXPECT_EQ(FoldVariants(name), folded) << name;
}

TEST(FoldVariantsTest, CharactersOfTheStandardTableStay) {
  for (const char* name :
       {"乾", "干", "昇", "升", "喆", "哲", "淼", "渺", "邨", "村", "甯", "宁",
        "於", "于", "堃", "坤", "迺", "乃", "覆", "复", "著", "着", "徵", "征"}) {
    EXPECT_EQ(FoldVariants(name), name);
  }
}

TEST(FoldVariantsTest, WhatIsNoCharacterStays) {
  for (const char* name : {"", "Zhang 3", "阿依古丽·买买提", "王?", "王□", "\uFFFD", "😀", "か"}) {
    EXPECT_EQ(FoldVariants(name), name);
  }
}

TEST(FoldVariantsTest, LegacyPrivateUseCodePointsBecomeTodays) {
  const std::pair<const char*, const char*> cases[] = {
      {"\uE81E", "\u9FB4"},     {"\uE826", "\u9FB5"},     {"\uE82B", "\u9FB6"},
      {"\uE82C", "\u9FB7"},     {"\uE832", "\u9FB8"},     {"\uE843", "\u9FB9"},
      {"\uE854", "\u9FBA"},     {"\uE864", "\u9FBB"},     {"\uE816", "\U00020087"},
      {"\uE817", "\U00020089"}, {"\uE818", "\U000200CC"}, {"\uE831", "\U000215D7"},
      {"\uE83B", "\U0002298F"}, {"\uE855", "\U000241FE"}, {"\uE863", "\u4DAE"},
      {"\uE78D", "\uFE10"},     {"\uE78E", "\uFE12"},     {"\uE78F", "\uFE11"},
      {"\uE790", "\uFE13"},     {"\uE791", "\uFE14"},     {"\uE792", "\uFE15"},
      {"\uE793", "\uFE16"},     {"\uE794", "\uFE17"},     {"\uE795", "\uFE18"},
      {"\uE796", "\uFE19"},     {"\uE7C7", "\u1E3F"},     {"\uE7C8", "\u01F9"},
      {"\uE81B", "㑇"},         {"\uE81A", "㑇"},
  };
  for (const auto& [private_use, today] : cases) {
    EXPECT_EQ(FoldVariants(private_use), FoldVariants(today)) << FoldVariants(private_use);
    EXPECT_NE(FoldVariants(private_use), private_use);
  }
  // User-defined to this day.
  EXPECT_EQ(FoldVariants("\uE814\uE865"), "\uE814\uE865");
}

TEST(FoldVariantsTest, PrivateUseCodePointsAgreeWithTheDecoderOfTheirCodes) {
  if (FromGb18030("\xB0\xA1") != "啊") GTEST_SKIP() << "no GB18030 here";
  char32_t private_use = 0xE815;
  for (int trail = 0x50; trail <= 0xA0; ++trail) {
    if (trail == 0x7F) continue;
    const std::string today = FromGb18030({'\xFE', static_cast<char>(trail)});
    EXPECT_EQ(FoldVariants(Utf8(private_use)), FoldVariants(today)) << std::hex << trail;
    ++private_use;
  }
  EXPECT_EQ(private_use, char32_t{0xE865});
}

TEST(FoldVariantsTest, BrokenUtf8IsReplaced) {
  EXPECT_EQ(FoldVariants("張\xff"), "张\uFFFD");
  EXPECT_EQ(FoldVariants("張\xe5\xbc"), "张\uFFFD");
  EXPECT_EQ(FoldVariants("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");
}

TEST(NameReadingsTest, SurnamesAreReadAsSurnames) {
  const std::pair<const char*, const char*> cases[] = {
      {"单立人", "shan li ren"},    {"曾强", "zeng qiang"},     {"解放", "xie fang"},
      {"查良", "zha liang"},        {"仇英", "qiu ying"},       {"区明", "ou ming"},
      {"朴正", "piao zheng"},       {"任平", "ren ping"},       {"华安", "hua an"},
      {"缪文", "miao wen"},         {"召平", "shao ping"},      {"员明", "yun ming"},
      {"折军", "she jun"},          {"教军", "jiao jun"},       {"洗明", "xian ming"},
      {"冼明", "xian ming"},        {"逄军", "pang jun"},       {"乜红", "nie hong"},
      {"秘明", "bi ming"},          {"祭明", "zhai ming"},      {"繁星", "po xing"},
      {"种明", "chong ming"},       {"适明", "kuo ming"},       {"褚健", "chu jian"},
      {"尹明", "yin ming"},         {"薄明", "bo ming"},        {"都明", "du ming"},
      {"粘明", "nian ming"},        {"佴明", "nai ming"},       {"阚明", "kan ming"},
      {"尉迟恭", "yu chi gong"},    {"尉迟", "yu chi"},         {"尉明", "wei ming"},
      {"万俟明", "mo qi ming"},     {"万明", "wan ming"},       {"令狐冲", "ling hu chong"},
      {"长孙明", "zhang sun ming"}, {"澹台明", "tan tai ming"}, {"欧阳明", "ou yang ming"},
  };
  for (const auto& [name, reading] : cases) {
    EXPECT_THAT(NameReadings(name), ElementsAre(reading)) << name;
  }
}

TEST(NameReadingsTest, ASurnameOfTwoReadingsGivesTwoAnswers) {
  EXPECT_THAT(NameReadings("覃勇"), ElementsAre("qin yong", "tan yong"));
  EXPECT_THAT(NameReadings("翟明"), ElementsAre("zhai ming", "di ming"));
  EXPECT_THAT(NameReadings("盖明"), ElementsAre("ge ming", "gai ming"));
  EXPECT_THAT(NameReadings("乐明"), ElementsAre("yue ming", "le ming"));
  EXPECT_THAT(NameReadings("黑明"), ElementsAre("he ming", "hei ming"));
  EXPECT_THAT(NameReadings("宓明"), ElementsAre("mi ming", "fu ming"));
  EXPECT_THAT(NameReadings("郗明"), ElementsAre("xi ming", "chi ming"));
  EXPECT_THAT(NameReadings("郇明"), ElementsAre("xun ming", "huan ming"));
}

TEST(NameReadingsTest, OnlyTheFirstCharacterIsASurname) {
  EXPECT_THAT(NameReadings("王单"), ElementsAre("wang dan"));
  EXPECT_THAT(NameReadings("王解放"), ElementsAre("wang jie fang"));
  EXPECT_THAT(NameReadings("王覃"), ElementsAre("wang tan"));
  EXPECT_THAT(NameReadings("王万俟"), ElementsAre("wang wan qi"));
}

TEST(NameReadingsTest, GivenNamesAreReadAsNames) {
  EXPECT_THAT(NameReadings("王长江"), ElementsAre("wang chang jiang"));
  EXPECT_THAT(NameReadings("王晟"), ElementsAre("wang sheng"));
  EXPECT_THAT(NameReadings("王珩"), ElementsAre("wang heng"));
  EXPECT_THAT(NameReadings("王焘"), ElementsAre("wang tao"));
  EXPECT_THAT(NameReadings("王〇"), ElementsAre("wang ling"));
}

TEST(NameReadingsTest, TheRoundedUIsV) {
  EXPECT_THAT(NameReadings("吕律"), ElementsAre("lv lv"));
  EXPECT_THAT(NameReadings("王女"), ElementsAre("wang nv"));
  EXPECT_THAT(NameReadings("王略"), ElementsAre("wang lve"));
}

TEST(NameReadingsTest, OtherSpellingsReadTheSame) {
  EXPECT_EQ(NameReadings("單立人"), NameReadings("单立人"));
  EXPECT_EQ(NameReadings("尉遲恭"), NameReadings("尉迟恭"));
  EXPECT_EQ(NameReadings("樂嘉"), NameReadings("乐嘉"));
  EXPECT_EQ(NameReadings("王\uE81A"), NameReadings("王㑇"));
}

TEST(NameReadingsTest, DotsAreDroppedAndLeaveNoSurname) {
  EXPECT_THAT(NameReadings("阿依古丽·买买提"), ElementsAre("a yi gu li mai mai ti"));
  EXPECT_THAT(NameReadings("查干·巴特尔"), ElementsAre("cha gan ba te er"));
  EXPECT_THAT(NameReadings("ALI·Mamat"), ElementsAre("ali mamat"));
}

TEST(NameReadingsTest, UnknownCharactersAreQuestionMarks) {
  EXPECT_THAT(NameReadings("王?"), ElementsAre("wang ?"));
  EXPECT_THAT(NameReadings("王□明"), ElementsAre("wang ? ming"));
  EXPECT_THAT(NameReadings("王〓"), ElementsAre("wang ?"));
  EXPECT_THAT(NameReadings("?明"), ElementsAre("? ming"));
  EXPECT_THAT(NameReadings("王??"), ElementsAre("wang ? ?"));
  EXPECT_THAT(NameReadings("王\xff明"), ElementsAre("wang ? ming"));
  EXPECT_THAT(NameReadings("王\xe5\xbc"), ElementsAre("wang ?"));
}

TEST(NameReadingsTest, LettersAreLowerCaseWords) {
  EXPECT_THAT(NameReadings("ZhangSan"), ElementsAre("zhangsan"));
  EXPECT_THAT(NameReadings("王A梅B2"), ElementsAre("wang a mei b2"));
  EXPECT_THAT(NameReadings("J.Smith"), ElementsAre("j.smith"));
  EXPECT_THAT(NameReadings("王か"), ElementsAre("wang か"));
}

TEST(NameReadingsTest, NothingHasNoReading) {
  EXPECT_THAT(NameReadings(""), IsEmpty());
  EXPECT_THAT(NameReadings("·"), IsEmpty());
}

TEST(SurnameBytesTest, IsTheFirstCharacterOrTwo) {
  const std::pair<const char*, const char*> cases[] = {
      {"王小明", "王"},     {"王", "王"},       {"欧阳娜娜", "欧阳"},
      {"歐陽娜娜", "歐陽"}, {"司马光", "司马"}, {"上官婉", "上官"},
      {"诸葛亮", "诸葛"},   {"尉迟恭", "尉迟"}, {"万俟明", "万俟"},
      {"欧阳", "欧"},       {"欧明", "欧"},     {"单于飞", "单"},
      {"𠅤明", "𠅤"},       {"?明", "?"},       {"", ""},
      {"王A", "王"},        {"\xff明", "\xff"},
  };
  for (const auto& [name, surname] : cases) {
    EXPECT_EQ(absl::string_view(name).substr(0, SurnameBytes(name)), surname) << name;
  }
}

TEST(SurnameBytesTest, IsThePartBeforeADotOrTheRunOfLetters) {
  EXPECT_EQ(SurnameBytes("阿依古丽·买买提"), absl::string_view("阿依古丽").size());
  EXPECT_EQ(SurnameBytes("欧阳·明·力"), absl::string_view("欧阳").size());
  EXPECT_EQ(SurnameBytes("·明"), 0u);
  EXPECT_EQ(SurnameBytes("ZHANGSAN"), 8u);
  EXPECT_EQ(SurnameBytes("Ali明"), 3u);
}

TEST(ReadingsPropertyTest, FoldingTwiceChangesNothing) {
  for (char32_t point = 1; point < kLast; ++point) {
    if (IsSurrogate(point)) continue;
    const std::string folded = FoldVariants(Utf8(point));
    EXPECT_EQ(FoldVariants(folded), folded) << std::hex << static_cast<std::uint32_t>(point);
  }
}

TEST(ReadingsPropertyTest, WhatIsFoldedReadsTheSame) {
  for (char32_t point = 1; point < kLast; ++point) {
    if (IsSurrogate(point)) continue;
    for (const std::string& name : {Utf8(point), absl::StrCat("王", Utf8(point))}) {
      const std::string folded = FoldVariants(name);
      if (folded == name) continue;
      EXPECT_EQ(NameReadings(folded), NameReadings(name)) << name;
    }
  }
}

TEST(ReadingsPropertyTest, CharactersInUseHaveAReading) {
  // The whole first block of unified characters but a few that nobody reads.
  int without = 0;
  for (char32_t point = 0x4E00; point < 0x9FA6; ++point) {
    if (FirstReading(Utf8(point)) == FoldVariants(Utf8(point))) ++without;
  }
  EXPECT_LE(without, 100);
}

TEST(ReadingsPropertyTest, AnyBytesAreTaken) {
  std::uint32_t state = 1;
  for (int round = 0; round < 20000; ++round) {
    std::string name;
    for (int size = round % 13; size > 0; --size) {
      state = state * 1664525 + 1013904223;
      name.push_back(static_cast<char>(state >> 24));
    }
    const std::vector<std::string> readings = NameReadings(name);
    EXPECT_LE(readings.size(), 2u);
    EXPECT_EQ(readings, NameReadings(FoldVariants(name)));
    EXPECT_LE(SurnameBytes(name), name.size());
  }
}

}  // namespace
}  // namespace anqiao::identity
