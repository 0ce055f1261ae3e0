// disclosures mix: whether having been referred tells anything.

#include <cstdint>
#include <iomanip>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "anqiao/hub/v1/referrals.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::CohortMixLine;

struct MixArguments {
  int year = 0;
  std::string language = "zh";
};

// The words of the report.
struct MixWords {
  const char *year, *counted, *none, *base, *suppressed, *source, *agency, *service, *month,
      *people, *known, *others, *share, *bits, *judgement, *all, *whole_year, *through, *explained;
};
constexpr MixWords kMixZh = {
    "年份",
    "计入至",
    "没有已结束的月份",
    "全部案件中有公安记录的占比",
    "已隐去",
    "判断依据",
    "接收机关",
    "服务",
    "月份",
    "人数",
    "有公安记录",
    "无公安记录",
    "占比",
    "证据量（比特）",
    "判断",
    "全部",
    "全年",
    "至",
    "每人每年在同一机关、同一服务中按首次提供计一次。证据量为0表示“被转介”不说明"
    "任何情况，1表示可能性比翻倍。"};
constexpr MixWords kMixEn = {"year",
                             "counted to",
                             "no month is over",
                             "share of all cases with a police record",
                             "suppressed",
                             "judged by",
                             "RECIPIENT",
                             "SERVICE",
                             "MONTH",
                             "PEOPLE",
                             "WITH RECORD",
                             "WITHOUT",
                             "SHARE",
                             "BITS",
                             "JUDGEMENT",
                             "all",
                             "year",
                             "to",
                             "Each person counts once a year, recipient and service, by the first "
                             "request. 0 bits: having been "
                             "referred tells nothing; 1: it doubles the odds of a police record."};

std::string JudgementText(hub::v1::CohortMixing mixing, bool zh) {
  switch (mixing) {
    case hub::v1::COHORT_MIXING_MIXED:
      return zh ? "混合 MIXED" : "MIXED";
    case hub::v1::COHORT_MIXING_THIN:
      return zh ? "过少 THIN" : "THIN";
    case hub::v1::COHORT_MIXING_ONE_SIDED:
      return zh ? "偏向 ONE_SIDED" : "ONE_SIDED";
    default:
      return "-";
  }
}

std::string PercentText(std::int32_t permille) {
  return absl::StrCat(permille / 10, ".", permille % 10, "%");
}

std::string BitsText(double bits) {
  std::ostringstream text;
  text << std::showpos << std::fixed << std::setprecision(2) << bits;
  return text.str();
}

std::string PeriodText(const CohortMixLine& line, const MixWords& words) {
  if (line.has_month()) return DateText(line.month());
  if (!line.has_counted_month()) return words.whole_year;
  return absl::StrCat(words.whole_year, " (", words.through, " ", DateText(line.counted_month()),
                      ")");
}

void PrintLines(Context& context, const hub::v1::CohortMix& mix, const MixWords& words, bool zh) {
  constexpr auto kRight = Table::Align::kRight;
  Table table({{words.agency},
               {words.service},
               {words.month},
               {words.people, kRight},
               {words.known, kRight},
               {words.others, kRight},
               {words.share, kRight},
               {words.bits, kRight},
               {words.judgement}});
  const std::string hidden = words.suppressed;
  const auto count = [&](bool shown, std::int64_t number) {
    return shown ? absl::StrCat(number) : hidden;
  };
  for (const CohortMixLine& line : mix.lines()) {
    table.AddRow({line.agency().empty() ? words.all : line.agency(),
                  line.service().empty() ? words.all : line.service(), PeriodText(line, words),
                  count(line.has_people_count(), line.people_count()),
                  count(line.has_known_count(), line.known_count()),
                  count(line.has_other_count(), line.other_count()),
                  line.has_share_permille() ? PercentText(line.share_permille()) : hidden,
                  line.has_evidence_bits() ? BitsText(line.evidence_bits()) : hidden,
                  JudgementText(line.mixing(), zh)});
  }
  table.Print(context.out);
}

absl::StatusOr<ExitCode> ShowMix(Context& context, const MixArguments& arguments) {
  hub::v1::GetCohortMixRequest request;
  request.set_year(arguments.year);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::CohortMix mix;
  AQ_RETURN_IF_ERROR(FromRpc(hub::v1::ReferralService::NewStub(connection.channel())
                                 ->GetCohortMix(connection.NewCall().get(), request, &mix)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, mix));
    return kExitOk;
  }
  const bool zh = arguments.language == "zh";
  const MixWords& words = zh ? kMixZh : kMixEn;
  PrintPairs(context.out,
             {{words.year, absl::StrCat(mix.year())},
              {words.counted, mix.has_last_month() ? DateText(mix.last_month()) : words.none},
              {words.base, mix.has_base_share_permille() ? PercentText(mix.base_share_permille())
                                                         : words.suppressed},
              {words.source, OrDash(mix.source())}});
  if (mix.lines().empty()) return kExitOk;
  context.out << "\n";
  PrintLines(context, mix, words, zh);
  context.out << "\n" << words.explained << "\n";
  return kExitOk;
}

}  // namespace

void AddMixCommand(CLI::App& disclosures, Action& chosen) {
  auto arguments = std::make_shared<MixArguments>();
  CLI::App* mix = disclosures.add_subcommand(
      "mix", "Tell whether having been referred tells that the police know somebody");
  mix->add_option("--year", arguments->year, "Year (default: that of the last month that is over)")
      ->check(CLI::Range(1, 9999));
  mix->add_option("--language", arguments->language, "zh or en")
      ->check(CLI::IsMember({"zh", "en"}))
      ->capture_default_str();
  OnChosen(mix, chosen, arguments, ShowMix);
}

}  // namespace anqiao::ctl
