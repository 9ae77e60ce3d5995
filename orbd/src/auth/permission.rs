//! Roles, and the table of methods. It fails closed.

/// Says what a caller may do; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Commands trading.
    Operator,
    /// Changes limits and environment.
    Admin,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Returns the role's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Returns the role of a name; `None` when no role has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Says who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Anybody, without a token.
    Open,
    /// Callers with this role or a higher one.
    Needs(Role),
}

/// Every method that may be called, by its path. A method that is not here is refused.
const PERMISSIONS: &[(&str, Permission)] = &[
    ("/orb.v1.ControlService/GetStatus", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/SetKillSwitch", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/PauseEntries", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/ResumeEntries", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/ClosePosition", Permission::Needs(Role::Operator)),
    ("/orb.v1.PortfolioService/GetAccount", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/ListPositions", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/StreamPositions", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ListSignals", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/StreamSignals", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ListDecisions", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/ListTrades", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/GetMetrics", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/GetEquityCurve", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/ExportTrades", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/GetParityReport", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/GetReadiness", Permission::Needs(Role::Viewer)),
    ("/orb.v1.LogService/ListLogs", Permission::Needs(Role::Viewer)),
    ("/orb.v1.LogService/StreamLogs", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/WatchStatus", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/GetCaller", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/CloseAllPositions", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/CancelOrder", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/CancelAllOrders", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/AcknowledgeAlarms", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/ListEnvironments", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/SetEnvironment", Permission::Needs(Role::Admin)),
    ("/orb.v1.ControlService/GetRiskLimits", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/SetRiskLimits", Permission::Needs(Role::Admin)),
    ("/orb.v1.ControlService/GetConfig", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/ReloadConfig", Permission::Needs(Role::Operator)),
    ("/orb.v1.PortfolioService/ListOrders", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/ListFills", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/StreamFills", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/GetIntradayEquity", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/StreamEquity", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/GetSignal", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ExplainSymbol", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ListUniverse", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ListBars", Permission::Needs(Role::Viewer)),
    ("/orb.v1.LogService/ListAuditEntries", Permission::Needs(Role::Viewer)),
    ("/orb.v1.LiveService/Watch", Permission::Needs(Role::Viewer)),
    (crate::monitoring::PATH, Permission::Needs(Role::Viewer)),
    ("/grpc.health.v1.Health/Check", Permission::Open),
    ("/grpc.health.v1.Health/List", Permission::Open),
    ("/grpc.health.v1.Health/Watch", Permission::Open),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Permission::Open),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Permission::Open),
];

/// Returns who may call the method with a path, or `None` when nobody may because it is not declared.
#[must_use]
pub fn permission(path: &str) -> Option<Permission> {
    PERMISSIONS.iter().find(|(declared, _)| *declared == path).map(|(_, permission)| *permission)
}

/// Tells whether a path is that of a command: a method that changes something.
#[must_use]
pub fn is_command(path: &str) -> bool {
    matches!(permission(path), Some(Permission::Needs(Role::Operator | Role::Admin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_health_and_reflection_are_open() {
        for (path, permission) in PERMISSIONS {
            assert_eq!(*permission == Permission::Open, path.starts_with("/grpc."), "{path}");
        }
    }

    #[test]
    fn each_method_is_declared_once() {
        for (path, _) in PERMISSIONS {
            assert_eq!(PERMISSIONS.iter().filter(|(other, _)| other == path).count(), 1, "{path}");
        }
    }

    #[test]
    fn a_role_has_its_name() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        assert_eq!(Role::from_name("root"), None);
    }
}
