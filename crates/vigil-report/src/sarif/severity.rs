//! ECR's severities in SARIF's and GitHub's words.

use vigil_core::{Finding, Severity};

/// SARIF's level. What a word unknown to us stands for may be bad.
pub(super) fn level(severity: &Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium | Severity::Unknown(_) => "warning",
        Severity::Low | Severity::Informational | Severity::Untriaged | Severity::Undefined => "note",
    }
}

/// GitHub's `security-severity`: a score, of which it makes a severity of its own. Ours is the finding's score, kept
/// within what GitHub takes for ECR's severity, so that both say the same; `None` where neither says anything.
pub(super) fn security_severity(finding: &Finding) -> Option<f64> {
    let score = finding.score();
    let (least, most, usual) = match finding.severity {
        Severity::Critical => (9.0, 10.0, 9.5),
        Severity::High => (7.0, 8.9, 8.0),
        Severity::Medium => (4.0, 6.9, 5.5),
        Severity::Low => (0.1, 3.9, 2.0),
        Severity::Informational | Severity::Untriaged | Severity::Undefined | Severity::Unknown(_) => {
            return (score > 0.0).then(|| score.min(10.0));
        }
    };
    Some(if score > 0.0 { score.clamp(least, most) } else { usual })
}

#[cfg(test)]
mod tests {
    use vigil_core::Score;
    use vigil_core::testing::finding;

    use super::*;

    #[track_caller]
    fn check(severity: &str, score: f64, expected: Option<f64>) {
        let scores = vec![Score { version: "3.1".into(), value: score, vector: None }];
        assert_eq!(
            security_severity(&vigil_core::Finding { scores, ..finding("CVE-1", severity, "a") }),
            expected
        );
    }

    #[test]
    fn the_score_never_says_another_severity_than_ecr() {
        check("CRITICAL", 9.8, Some(9.8));
        check("CRITICAL", 7.5, Some(9.0));
        check("HIGH", 9.8, Some(8.9));
        check("MEDIUM", 0.0, Some(5.5));
        check("LOW", 5.0, Some(3.9));
        check("UNDEFINED", 5.0, Some(5.0));
        check("UNTRIAGED", 0.0, None);
        check("DREADFUL", 0.0, None);
    }
}
