// What is told of a case beside its facts: events, deadlines and standings. Part of FoldCase.

#ifndef ANQIAO_HUB_MODEL_CASE_STORY_H_
#define ANQIAO_HUB_MODEL_CASE_STORY_H_

#include "hub/model/case.h"

namespace anqiao::model {

// Requires: "folded" has its facts and its phase. Fills events, deadlines and standings.
void TellStory(Case& folded);

// When an order's measure ends by time alone: its term (the law's, unless the order says another)
// from the day that starts it; empty if nothing has started it by "as_of".
CivilDate OrderTermEnd(const journal::v1::OrderFact& order, const CivilDate& as_of);

// "date", or none if it is later than "as_of".
CivilDate KnownBy(const type::v1::CivilDate& date, const CivilDate& as_of);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_CASE_STORY_H_
