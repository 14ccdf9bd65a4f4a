//! Every test of the registry, once on SQLite and once on PostgreSQL.

/// Makes tests of functions that take a [`crate::bench::Bench`]: `sqlite::name` and `postgres::name`.
macro_rules! battery {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name($crate::bench::Bench::sqlite().await).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name($crate::bench::Bench::postgres().await).await;
                }
            )+
        }
    };
}
