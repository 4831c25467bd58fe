//! Bugs planted in the engine, each to be caught by a check.

/// A way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Some spans never reach the SDK.
    LostSpan,
    /// A timeout fires although the answer it was armed for has come.
    StaleTimer,
    /// A cancelled program goes on.
    ForgottenCancel,
    /// Some workers are not given back.
    KeptWorker,
    /// Some connections are not given back.
    LostConnection,
    /// Work that waited for a core takes a tick longer.
    LateWork,
    /// A connection is given back when the answer comes, before the pod has taken it in.
    EarlyRelease,
    /// Some messages are there twice.
    ConsumedTwice,
    /// A partition that is stuck starts the message that comes when it is idle.
    StuckStarts,
    /// What a dead pod's programs do leaves spans.
    SpanOfTheDead,
    /// Statements do not wait for locks.
    IgnoredLock,
    /// A statement that was held up and given up keeps its connection.
    KeptWhenGivenUp,
    /// What was missed stays away, however often it is filled.
    ForgottenFill,
    /// A pod that pauses begins work.
    WorkInPause,
    /// What a shard was to answer after it went down is answered all the same.
    AnswerOfTheDown,
}

impl Bug {
    /// All of them.
    pub(crate) const ALL: [Self; 15] = [
        Self::LostSpan,
        Self::StaleTimer,
        Self::ForgottenCancel,
        Self::KeptWorker,
        Self::LostConnection,
        Self::LateWork,
        Self::EarlyRelease,
        Self::ConsumedTwice,
        Self::StuckStarts,
        Self::SpanOfTheDead,
        Self::IgnoredLock,
        Self::KeptWhenGivenUp,
        Self::ForgottenFill,
        Self::WorkInPause,
        Self::AnswerOfTheDown,
    ];
}
