//! Every test of the registry, once on SQLite and once on PostgreSQL.

/// Makes tests of functions that take a [`crate::bench::Bench`]: `sqlite::name` and `postgres::name`. As in the program,
/// the runtime has threads: Polars reads and writes files within none but such.
macro_rules! battery {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
                async fn $name() {
                    super::$name($crate::bench::Bench::sqlite().await).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
                async fn $name() {
                    super::$name($crate::bench::Bench::postgres().await).await;
                }
            )+
        }
    };
}
