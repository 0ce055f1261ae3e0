// The engine's fixture with people under an order, an office of another sub-district, and a police
// that takes what is sent to it.

#ifndef ANQIAO_TESTS_HUB_ENGINE_CARE_FIXTURE_H_
#define ANQIAO_TESTS_HUB_ENGINE_CARE_FIXTURE_H_

#include <set>
#include <string>
#include <vector>

#include "tests/hub/engine/order_records.h"
#include "tests/hub/engine/timetable_fixture.h"

namespace anqiao::engine {

class CareFixture : public TimetableFixture {
 protected:
  CareFixture() {
    options_.agencies[0].adapter = &order_slot_;
    AgencyOptions& office = options_.agencies.emplace_back();
    office.id = "north_street";
    office.kind = "subdistrict_office";
    office.adapter = &slot_;
  }

  // The case of whom the police ordered something and, if "known", the employment agency knows.
  std::string AddOrdered(int number = 1, bool known = true, const std::string& kind = "O") {
    const std::string id = IdNumber(number);
    Submit("changes", absl::StrCat(kind, number, "|张安|", id, "||421202003010\n"));
    if (known) {
      SubmitAndWait(Command("employment", "jobless",
                            absl::StrCat("J", number, "|张安|", id, "|2026-01-05|421202\n")));
    }
    const auto cases = engine_->ListCases({}, "", 1000, "");
    if (cases.ok()) {
      for (const CaseView& view : cases->items) {
        if (view.folded.id_number == id) return view.document.person();
      }
    }
    ADD_FAILURE() << "the person is not there";
    return "";
  }

  // A page of the ledger.
  std::vector<journal::v1::DisclosureDocument> Ledger(const std::string& person) {
    const auto page = engine_->ListDisclosures(person, "", 100, "");
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->items : std::vector<journal::v1::DisclosureDocument>();
  }

  testing::FakeAdapter order_adapter_{"fedcba9876543210", MakeOrder};
  adapter::AdapterSlot order_slot_{&order_adapter_};
};

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_CARE_FIXTURE_H_
