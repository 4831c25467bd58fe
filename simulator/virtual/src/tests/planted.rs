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
}
